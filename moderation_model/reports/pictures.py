"""Draws the pictures that Discord shows (`moderation_model/pictures.py`) as PNG of 800 pixels width.

Nothing is kept: no window, no state of pyplot, no file. Call it from one thread at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from moderation_model.pictures import (
    FEW,
    WEEKS,
    Bars,
    CardsPicture,
    Hits,
    Judged,
    Picture,
    PreviewPicture,
    RunPicture,
    ShapPicture,
    StatsPicture,
    Week,
    counted,
    day,
    percent,
)
from moderation_model.reports.card_days import draw_cards
from moderation_model.reports.run_picture import draw_run
from moderation_model.reports.sheet import (
    BAD,
    GOOD,
    GROUND,
    INK,
    LEAST,
    LINE,
    MARGIN,
    OPEN,
    SMALL,
    SOFT,
    TITLE,
    WIDTH,
    Sheet,
)

NAME, FIGURE, ROW = 232, 190, 52
"""Pixels: the column of names, the column of figures at the right, the height of a row."""
LEFT, RIGHT = MARGIN + NAME, WIDTH - MARGIN - FIGURE
"""Where bars begin and end."""


def draw(picture: Picture) -> bytes:
    """The picture as PNG: 800 pixels wide, at least 450 high, higher with more rows."""
    sheet = Sheet()
    match picture:
        case StatsPicture():
            _stats(sheet, picture)
        case PreviewPicture():
            _preview(sheet, picture)
        case ShapPicture():
            _shap(sheet, picture)
        case CardsPicture():
            draw_cards(sheet, picture)
        case RunPicture():
            draw_run(sheet, picture)
    return sheet.png()


def _stats(sheet: Sheet, picture: StatsPicture) -> None:
    sheet.line(picture.period, size=TITLE, bold=True, gap=20)
    if picture.flags and picture.flags.values:
        _flags(sheet, picture.flags)
    if picture.judged:
        _judged(sheet, picture.judged)
    if picture.decided and picture.decided.values:
        _decided(sheet, picture.decided)
    clauses = (("Done", picture.done), ("Response time", picture.response), ("Missed", picture.missed))
    for title, clause in clauses:
        if clause:
            sheet.line(title, bold=True)
            sheet.paragraph(clause[0].upper() + clause[1:], gap=24)
    if picture.weeks:
        _weeks(sheet, "Sentiment: mean stars, 1 to 5", picture.weeks, shown=lambda week: week.mood, colour=_mood)
        _weeks(
            sheet, "Toxicity: flags per 100 messages", picture.weeks, shown=lambda week: week.toxicity, colour=_toxicity
        )
        count = len({week.monday for week in picture.weeks})
        if count > WEEKS:
            sheet.line(f"the last {WEEKS} of {count} weeks", size=SMALL, colour=SOFT)
        if any(week.mood == "few" for week in picture.weeks):
            sheet.line(f"few: under {FEW} messages that week", size=SMALL, colour=SOFT)
    shown = (picture.flags, picture.judged, picture.decided, picture.weeks, *(clause for _, clause in clauses))
    if not any(shown):
        sheet.line("Nothing to show yet.", colour=SOFT)


def _flags(sheet: Sheet, flags: Bars) -> None:
    height, count, most = 130, len(flags.values), max(flags.values)
    sheet.line(f"Flags a day: {sum(flags.values):,.0f} in {counted(count, 'day')}", bold=True, gap=44)
    step = (WIDTH - 2 * MARGIN) / count
    wide = min(80, step * 0.8)
    for number, value in enumerate(flags.values):
        tall = height * value / most if most else 0
        sheet.bar(MARGIN + (number + 0.5) * step - wide / 2, sheet.y + height - tall, wide, tall, SOFT)
    sheet.bar(MARGIN, sheet.y + height, WIDTH - 2 * MARGIN, 2, LINE)
    if most:
        x = MARGIN + (flags.values.index(most) + 0.5) * step
        sheet.text(
            min(max(x, MARGIN + 30), WIDTH - MARGIN - 30), sheet.y - 18, f"{most:,.0f}", size=SMALL, align="center"
        )
    sheet.y += height + 22
    half = WIDTH / 2 - MARGIN
    sheet.text(MARGIN, sheet.y, flags.names[0], size=SMALL, colour=SOFT, room=half)
    if count > 1:
        sheet.text(WIDTH - MARGIN, sheet.y, flags.names[-1], size=SMALL, colour=SOFT, align="right", room=half)
    sheet.y += 44


def _judged(sheet: Sheet, judged: tuple[Judged, ...]) -> None:
    sheet.line("Flags that moderators judged", bold=True, gap=10)
    sheet.legend([(GOOD, "right"), (BAD, "wrong"), (INK, "95 % interval")])
    for each in judged:
        middle = sheet.y + ROW / 2
        sheet.name(MARGIN, middle, each.name, room=NAME - 14)
        count, _, interval = each.sentence.partition(", ")
        if not each.total or each.low is None or each.high is None:
            sheet.text(LEFT, middle, interval, size=SMALL, colour=SOFT, room=RIGHT - LEFT)
            sheet.text(WIDTH - MARGIN, middle, count, size=SMALL, room=FIGURE - 14, align="right")
        else:
            _share(sheet, middle, each.right / each.total, low=each.low, high=each.high)
            x, room = WIDTH - MARGIN, FIGURE - 14
            sheet.text(x, middle - 13, count, size=SMALL, room=room, align="right")
            sheet.text(x, middle + 13, interval, size=LEAST, colour=SOFT, room=room, align="right")
        sheet.y += ROW
    sheet.y += 18


def _share(sheet: Sheet, middle: float, share: float, *, low: float, high: float) -> None:
    """A bar around the height `middle`, parted at `share`, with the interval on it."""
    wide = RIGHT - LEFT
    sheet.bar(LEFT, middle - 13, wide * share, 26, GOOD)
    sheet.bar(LEFT + wide * share, middle - 13, wide * (1 - share), 26, BAD)
    ends = LEFT + wide * low, LEFT + wide * high
    for colour, more in ((GROUND, 2), (INK, 0)):
        sheet.bar(ends[0], middle - 3 - more, ends[1] - ends[0], 6 + 2 * more, colour)
        for end in ends:
            sheet.bar(end - 2 - more, middle - 10 - more, 4 + 2 * more, 20 + 2 * more, colour)


def _decided(sheet: Sheet, decided: Bars) -> None:
    """One row an end, the figure behind its bar."""
    sheet.line(f"Cases: {sum(decided.values):,.0f}", bold=True, gap=6)
    most, row = max(decided.values), ROW - 8
    for name, value in zip(decided.names, decided.values, strict=True):
        middle = sheet.y + row / 2
        sheet.name(MARGIN, middle, name, room=NAME - 14)
        wide = (WIDTH - MARGIN - 110 - LEFT) * value / most if most else 0
        sheet.bar(LEFT, middle - 11, wide, 22, SOFT)
        sheet.text(LEFT + wide + 12, middle, f"{value:,.0f}", size=SMALL, room=98)
        sheet.y += row
    sheet.y += 18


def _weeks(
    sheet: Sheet,
    title: str,
    weeks: tuple[Week, ...],
    *,
    shown: Callable[[Week], str],
    colour: Callable[[Week], str],
) -> None:
    """A grid with a row a channel and a column a week, the last `WEEKS` of them."""
    mondays = sorted({week.monday for week in weeks})[-WEEKS:]
    cells = {(week.channel, week.monday): week for week in weeks}
    wide = (WIDTH - MARGIN - LEFT) / len(mondays)
    sheet.line(title, bold=True, gap=10)
    _mondays(sheet, mondays, wide)
    for channel in dict.fromkeys(week.channel for week in weeks if week.monday in mondays):
        sheet.name(MARGIN, sheet.y + ROW / 2, channel, room=NAME - 14)
        for number, monday in enumerate(mondays):
            x = LEFT + number * wide
            week = cells.get((channel, monday), Week(channel, monday, 0, 0))
            figure = shown(week)
            plain = figure in ("none", "few")
            sheet.cell(x + 2, sheet.y + 2, wide - 4, ROW - 4, LINE if plain else colour(week))
            words, ink = ("–" if figure == "none" else figure), (SOFT if plain else INK)
            sheet.text(x + wide / 2, sheet.y + ROW / 2, words, colour=ink, align="center", room=wide - 8)
        sheet.y += ROW
    sheet.y += 22


def _mondays(sheet: Sheet, mondays: list[date], wide: float) -> None:
    sheet.text(MARGIN, sheet.y + SMALL / 2, "week from", size=SMALL, colour=SOFT, room=NAME - 14)
    for number, monday in enumerate(mondays):
        x = LEFT + (number + 0.5) * wide
        sheet.text(x, sheet.y + SMALL / 2, day(monday), size=SMALL, colour=SOFT, align="center", room=wide - 6)
    sheet.y += SMALL + 10


def _mood(week: Week) -> str:
    """Orange for 1 star over the ground to blue for 5."""
    stars = 3.0 if week.stars is None else week.stars
    return _mixed(LINE, GOOD if stars > 3 else BAD, min(1.0, abs(stars - 3) / 2) * 0.75)


def _toxicity(week: Week) -> str:
    """The more orange, the more flags; ten of 100 messages and more are all one."""
    return _mixed(LINE, BAD, min(1.0, week.flags_per_100 / 10) * 0.75)


def _preview(sheet: Sheet, picture: PreviewPicture) -> None:
    whole = picture.whole
    sheet.line(picture.label, size=TITLE, bold=True, gap=16)
    sheet.line(f"From {percent(picture.limit)} on: {picture.action}", gap=8)
    if not whole.total:
        sheet.line(f"Would have hit nothing in {counted(picture.days, 'day')}.")
        return
    sheet.line(f"Would have hit {counted(whole.total, 'message')} in {counted(picture.days, 'day')}", gap=14)
    sheet.legend(
        [(GOOD, f"{whole.right:,} right"), (BAD, f"{whole.wrong:,} wrong"), (OPEN, f"{whole.unknown:,} not judged")]
    )
    most = max(each.total for each in picture.channels)
    for each in picture.channels:
        _hits(sheet, each, most)


def _hits(sheet: Sheet, hits: Hits, most: int) -> None:
    middle, x = sheet.y + ROW / 2, float(LEFT)
    sheet.name(MARGIN, middle, hits.channel, room=NAME - 14)
    for number, colour in ((hits.right, GOOD), (hits.wrong, BAD), (hits.unknown, OPEN)):
        wide = (RIGHT - 50 - LEFT) * number / most if most else 0
        sheet.bar(x, middle - 13, wide, 26, colour)
        x += wide
    sheet.text(x + 12, middle, f"{hits.total:,}", bold=True, room=WIDTH - MARGIN - 130 - x)
    if hits.wrong:
        sheet.text(WIDTH - MARGIN, middle, f"{hits.wrong:,} wrong", size=SMALL, colour=BAD, align="right", room=120)
    sheet.y += ROW


def _shap(sheet: Sheet, picture: ShapPicture) -> None:
    words, values = picture.words.names, picture.words.values
    sheet.line(f"{picture.label} {percent(picture.score)}: why", size=TITLE, bold=True, gap=16)
    if not words:
        sheet.line("There is no word to explain.", colour=SOFT)
        return
    sheet.legend([(BAD, f"speaks for {picture.label}"), (GOOD, "speaks against it")])
    low, high = min(0.0, *values), max(0.0, *values)
    scale = (WIDTH - MARGIN - 110 - LEFT) / ((high - low) or 1.0)
    zero = LEFT - low * scale
    top = sheet.y
    for word, value in zip(words, values, strict=True):
        middle = sheet.y + ROW / 2
        sheet.name(MARGIN, middle, word, room=NAME - 14)
        sheet.bar(zero, middle - 13, value * scale, 26, BAD if value > 0 else GOOD)
        sheet.text(
            WIDTH - MARGIN, middle, f"{value:+.2f}".replace("-", "−"), size=SMALL, colour=SOFT, align="right", room=100
        )
        sheet.y += ROW
    sheet.bar(zero - 1, top, 2, sheet.y - top, SOFT)


def _mixed(first: str, second: str, share: float) -> str:
    """`share` of the second colour over the first."""
    pairs = ((int(first[at : at + 2], 16), int(second[at : at + 2], 16)) for at in (1, 3, 5))
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)
