"""Draws old against new by label: two bars each with their intervals, the counts beside them."""

from __future__ import annotations

from moderation_model.reports.sheet import GOOD, GROUND, INK, LEAST, MARGIN, OPEN, SMALL, SOFT, TITLE, WIDTH, Sheet
from moderation_model.run_picture import OldNew, Part, RunPicture

NAME, FIGURE, ROW, BAR = 214, 150, 66, 22
"""Pixels: the column of names, the column of figures, the height of a label's two bars with their gap, of a bar."""
LEFT, RIGHT = MARGIN + NAME, WIDTH - MARGIN - FIGURE


def draw_run(sheet: Sheet, picture: RunPicture) -> None:
    """Title, legend, and one part for flags that were right, one for what was found."""
    sheet.line("Old model against new", size=TITLE, bold=True, gap=10)
    sheet.line(f"on {picture.held_out:,} answered messages that neither learned from", size=SMALL, colour=SOFT, gap=14)
    sheet.legend([(OPEN, "old"), (GOOD, "new"), (INK, "95 % interval")])
    for title, rows in (("Flags that were right", picture.right), ("Found of what breaks rules", picture.found)):
        sheet.y += 8
        sheet.line(title, bold=True, gap=6)
        for each in rows:
            _row(sheet, each)


def _row(sheet: Sheet, row: OldNew) -> None:
    middle = sheet.y + ROW / 2
    sheet.name(MARGIN, middle, row.name, room=NAME - 14)
    for at, part, colour, ink in ((-14, row.old, OPEN, SOFT), (14, row.new, GOOD, INK)):
        _share(sheet, middle + at, part, colour)
        sheet.text(WIDTH - MARGIN, middle + at, part.words, size=LEAST, colour=ink, align="right", room=FIGURE - 10)
    sheet.y += ROW


def _share(sheet: Sheet, middle: float, part: Part, colour: str) -> None:
    """A bar around the height `middle` as long as the share, with its interval over it."""
    wide = RIGHT - LEFT
    sheet.bar(LEFT, middle + BAR / 2 - 1, wide, 1, SOFT)
    if not part.total:
        return
    sheet.bar(LEFT, middle - BAR / 2, wide * part.hits / part.total, BAR, colour)
    ends = LEFT + wide * part.low, LEFT + wide * part.high
    for ink, more in ((GROUND, 2), (INK, 0)):
        sheet.bar(ends[0], middle - 2 - more, ends[1] - ends[0], 4 + 2 * more, ink)
        for end in ends:
            sheet.bar(end - 2 - more, middle - 8 - more, 4 + 2 * more, 16 + 2 * more, ink)
