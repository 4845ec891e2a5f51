"""The picture of the weekly report: how many cards came on each day, and how they ended.

Drawn by `reports/card_days.py`. Apart from `pictures.py` for its length alone; take `CardsPicture` from there.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CardDay:
    """One day's cards: those that broke rules, those that were fine, and the rest (open, skipped, another reason)."""

    name: str
    broke: int
    fine: int
    rest: int = 0

    @property
    def total(self) -> int:
        """All cards of the day."""
        return self.broke + self.fine + self.rest


@dataclass(frozen=True, slots=True)
class CardsPicture:
    """Cards a day, oldest day first. `period`: which days ("23 Feb to 1 Mar")."""

    period: str
    days: tuple[CardDay, ...] = ()

    kind = "cards"

    @classmethod
    def of(cls, period: str, rows: Iterable[tuple[str, int, int, int]]) -> CardsPicture:
        """From the values of its days: name, broke rules, fine, the rest."""
        return cls(period, tuple(CardDay(*row) for row in rows))

    @property
    def whole(self) -> CardDay:
        """All days together."""
        sums = (sum(getattr(each, name) for each in self.days) for name in ("broke", "fine", "rest"))
        return CardDay("all days", *sums)

    @property
    def words(self) -> str:
        """What the picture shows, in words."""
        whole = self.whole
        if not whole.total:
            return f"{self.period}: no cards."
        by_day = "; ".join(f"{each.name} {each.total:,} ({_split(each)})" for each in self.days if each.total)
        cards = "1 card" if whole.total == 1 else f"{whole.total:,} cards"
        return f"{self.period}: {cards} ({_split(whole)}). By day: {by_day}."


def _split(day: CardDay) -> str:
    parts = ((day.broke, "broke rules"), (day.fine, "fine"), (day.rest, "other or open"))
    return ", ".join(f"{number:,} {word}" for number, word in parts if number)
