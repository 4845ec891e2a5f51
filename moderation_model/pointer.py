"""champion.json: which model version decides and which decided before. One small file that is replaced at once."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from moderation_model import atomic

FILE = "champion.json"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,99}")
"""What a version may be called: never a path out of the folder."""
DEEP = 5
"""So many earlier champions can be gone back to, one after the other."""
FIX = "The model in the box decides. Choose again with: candor-model promote VERSION."


@dataclass(frozen=True, slots=True)
class Pointer:
    """`version` decides, None is the model in the box. `past`: those before it, the last one last.

    `since`: when it was chosen, as `now` writes it; empty where nobody chose.
    """

    version: str | None = None
    past: tuple[str | None, ...] = ()
    since: str = ""

    def moved_to(self, version: str | None) -> Pointer:
        """The pointer once `version` is promoted."""
        past = self.past if version == self.version else (*self.past, self.version)[-DEEP:]
        return Pointer(version, past)


def now() -> str:
    """The time in UTC, in a form whose order is that of the times."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def read(folder: Path) -> Pointer | None:
    """The pointer, None where there is no file. Raises ValueError with a sentence where it says nothing usable."""
    path = folder / FILE
    try:
        data = json.loads(path.read_text("utf-8"))
        version, past, since = data["champion"], data["past"], str(data["since"])
        if not all(each is None or NAME.fullmatch(each) for each in (version, *past)):
            raise ValueError("a version is not the name of one")
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ValueError(
            f"{path}, which says which model decides, cannot be read ({type(error).__name__}). {FIX}"
        ) from None
    return Pointer(version, tuple(past), since)


def write(folder: Path, pointer: Pointer, reason: str) -> None:
    """Replaces the file; `reason` is kept in it for whoever looks. Raises OSError."""
    told = {"champion": pointer.version, "past": list(pointer.past), "since": now(), "reason": reason}
    atomic.write_json(folder / FILE, told)
