"""What of the spool no key opens, in a file beside it: of a key that was lost, or damaged.

It is taken back once the key is there again, and removed after its time: nobody can read what texts are in it.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import structlog

from bot.core.spooled import Spooled, from_json
from bot.errors import UndecryptableText
from bot.store.crypto import TextKey

log = structlog.get_logger(__name__)

UNREADABLE = "candor.spool.unreadable"


def opened(line: bytes, key: TextKey) -> Spooled | None:
    """The entry that is sealed in the line; None where the key does not open it, or it is damaged."""
    try:
        return from_json(key.decrypt(line.rstrip(b"\n")))
    except (UndecryptableText, ValueError):
        return None


class SetAside:
    """The file in one folder, which several processes may share. Methods raise OSError."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / UNREADABLE
        self._folder = folder

    @property
    def count(self) -> int:
        """How many entries lie there."""
        return self.path.read_bytes().count(b"\n") if self.path.exists() else 0

    def add(self, line: bytes) -> None:
        """Put it aside, not thrown away: the operator may still have its key."""
        with _alone(self._folder):
            file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(file, "ab") as out:
                out.write(line)
        log.error("spool_unreadable", file=UNREADABLE)

    def take_back(self, key: TextKey, give: Callable[[Sequence[bytes]], None]) -> None:
        """Have `give` keep the lines that the key opens by now. They leave the file after that, so that a crash in
        between brings them up twice, which does no harm.
        """
        if not self.path.exists():
            return
        with _alone(self._folder):
            back: list[bytes] = []
            left: list[bytes] = []
            for line in self.path.read_bytes().splitlines(keepends=True):
                (left if opened(line, key) is None else back).append(line)
            if back:
                give(back)
                self._write(left)
                log.info("spool_taken_back", entries=len(back), left=len(left))

    def drop_before(self, at: datetime) -> int:
        """Remove the file if nothing was put aside since then; how many entries."""
        if not self.path.exists():
            return 0
        with _alone(self._folder):
            if datetime.fromtimestamp(self.path.stat().st_mtime, UTC) >= at:
                return 0
            entries = self.count
            self.path.unlink()
        log.warning("spool_unreadable_dropped", entries=entries)
        return entries

    def _write(self, lines: Sequence[bytes]) -> None:
        """What is left, as old as it was: whole or not at all."""
        if not lines:
            self.path.unlink()
            return
        before = self.path.stat()
        handle, name = tempfile.mkstemp(prefix=".candor.unreadable.", dir=self._folder)
        with os.fdopen(handle, "wb") as draft:
            draft.writelines(lines)
            draft.flush()
            os.fsync(draft.fileno())
        os.utime(name, (before.st_atime, before.st_mtime))
        Path(name).replace(self.path)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """No other process changes the file meanwhile."""
    file = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
    finally:
        os.close(file)
