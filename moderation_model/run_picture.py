"""The picture of the retraining report: by label how many flags were right and how much was found, old against new.

Drawn by `reports/run_picture.py`. Apart from `pictures.py` for its length alone; take `RunPicture` from there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MOST_LABELS = 4
"""Labels that one phone screen shows beside the report's words; those with the most answers are taken."""


@dataclass(frozen=True, slots=True)
class Part:
    """`hits` of `total`; `low` and `high`: the 95 % interval of that share, 0 to 1. With a total of 0: nothing."""

    hits: int
    total: int
    low: float = 0.0
    high: float = 1.0

    @property
    def words(self) -> str:
        """ "18 of 25"; "none"."""
        return f"{self.hits:,} of {self.total:,}" if self.total else "none"

    @property
    def sentence(self) -> str:
        """ "18 of 25 (52 to 86 %)"; "none"."""
        return f"{self.words} ({self.low * 100:.0f} to {self.high * 100:.0f} %)" if self.total else self.words


@dataclass(frozen=True, slots=True)
class OldNew:
    """One label under the old model and under the new one."""

    name: str
    old: Part
    new: Part


@dataclass(frozen=True, slots=True)
class RunPicture:
    """`right`: of the flags so many were right (precision). `found`: of the messages that break rules so many were
    flagged (recall). Both on `held_out` answered messages that neither model learned from.
    """

    held_out: int
    right: tuple[OldNew, ...] = ()
    found: tuple[OldNew, ...] = ()

    kind = "run"

    @classmethod
    def of(
        cls,
        before: Sequence[Mapping[str, Any]],
        after: Sequence[Mapping[str, Any]],
        *,
        held_out: int,
        titles: Mapping[str, str],
    ) -> RunPicture | None:
        """From `LabelReport` dictionaries of both models; None where no label has a flag or a positive.

        `titles`: what the labels are called; those that it lacks are called by their names.
        """
        old = {str(each["name"]): each for each in before}
        pairs = [
            (old[each["name"]], each) for each in after if each["name"] in old and _weight(old[each["name"]], each)
        ]
        pairs = sorted(pairs, key=lambda pair: -_weight(*pair))[:MOST_LABELS]
        if not pairs:
            return None
        rows = [(titles.get(new["name"], new["name"].replace("_", " ")), first, new) for first, new in pairs]
        return cls(
            held_out,
            right=tuple(OldNew(name, _right(first), _right(new)) for name, first, new in rows),
            found=tuple(OldNew(name, _found(first), _found(new)) for name, first, new in rows),
        )

    @property
    def words(self) -> str:
        """What the picture shows, in words."""
        said = [f"Old against new on {self.held_out:,} answered messages that neither learned from."]
        for title, rows in (("Flags that were right", self.right), ("Found of what breaks rules", self.found)):
            told = "; ".join(f"{each.name}: old {each.old.sentence}, new {each.new.sentence}" for each in rows)
            said.append(f"{title}: {told}.")
        return " ".join(said)


def _weight(old: Mapping[str, Any], new: Mapping[str, Any]) -> int:
    """How much there is to see of a label."""
    return int(new["caught"] + new["missed"] + max(old["alarms"], new["alarms"]))


def _right(report: Mapping[str, Any]) -> Part:
    return _part(report, "precision", report["caught"] + report["alarms"])


def _found(report: Mapping[str, Any]) -> Part:
    return _part(report, "recall", report["caught"] + report["missed"])


def _part(report: Mapping[str, Any], figure: str, total: int) -> Part:
    at = report["figures"].get(figure)
    return Part(report["caught"], total, at["low"], at["high"]) if at and total else Part(report["caught"], total)
