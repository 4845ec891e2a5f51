"""Draws how many cards came on each day, stacked by how they ended."""

from __future__ import annotations

from moderation_model.card_days import CardDay, CardsPicture
from moderation_model.reports.sheet import BAD, GOOD, INK, LINE, MARGIN, OPEN, SMALL, SOFT, TITLE, WIDTH, Sheet

HEIGHT, GAP = 210, 0.25
"""Pixels of the highest bar; the share of a day's width that stays free."""


def draw_cards(sheet: Sheet, picture: CardsPicture) -> None:
    """Title, legend with the figures, one bar a day with its figure above and its day below."""
    whole = picture.whole
    sheet.line(f"Cards a day, {picture.period}", size=TITLE, bold=True, gap=18)
    if not whole.total:
        sheet.line("No cards.", colour=SOFT)
        return
    entries = [(GOOD, f"{whole.broke:,} broke rules"), (BAD, f"{whole.fine:,} fine")]
    sheet.legend([*entries, (OPEN, f"{whole.rest:,} other or open")] if whole.rest else entries)
    sheet.y += SMALL + 14
    wide = (WIDTH - 2 * MARGIN) / len(picture.days)
    most = max(each.total for each in picture.days)
    for number, each in enumerate(picture.days):
        _day(sheet, each, left=MARGIN + (number + GAP / 2) * wide, wide=wide * (1 - GAP), scale=HEIGHT / most)
    sheet.y += HEIGHT
    sheet.bar(MARGIN, sheet.y, WIDTH - 2 * MARGIN, 2, LINE)
    sheet.y += 22
    for number, each in enumerate(picture.days):
        x = MARGIN + (number + 0.5) * wide
        sheet.text(x, sheet.y, each.name, size=SMALL, colour=SOFT, align="center", room=wide - 6)
    sheet.y += SMALL


def _day(sheet: Sheet, day: CardDay, *, left: float, wide: float, scale: float) -> None:
    bottom = sheet.y + HEIGHT
    for number, colour in ((day.broke, GOOD), (day.fine, BAD), (day.rest, OPEN)):
        sheet.bar(left, bottom - number * scale, wide, number * scale, colour)
        bottom -= number * scale
    ink = INK if day.total else SOFT
    sheet.text(left + wide / 2, bottom - 18, f"{day.total:,}", size=SMALL, colour=ink, align="center", room=wide + 10)
