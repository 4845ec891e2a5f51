"""A sheet to draw on from top to bottom in pixels, read on a phone: large type on Discord's dark ground."""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Collection

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.patches import FancyBboxPatch, Rectangle

WIDTH, LEAST_HEIGHT, MARGIN = 800, 450, 28
DPI = 100
GROUND, INK, SOFT, LINE = "#313338", "#f2f3f5", "#b5bac1", "#4a4d55"
GOOD, BAD, OPEN = "#5aa9f5", "#f5923e", "#8d929b"
"""Right and for, wrong and against, unknown: blue and orange are told apart by nearly everybody."""
TITLE, TEXT, SMALL, LEAST = 34, 26, 24, 21
"""Sizes of type in pixels; a phone shows a little under half of them."""
_FAMILY = "DejaVu Sans"


class Sheet:
    """`y` is where the next part begins. One thread at a time: matplotlib's fonts are shared."""

    def __init__(self) -> None:
        self._figure = Figure(figsize=(WIDTH / DPI, LEAST_HEIGHT / DPI), dpi=DPI, facecolor=GROUND)
        self._canvas = FigureCanvasAgg(self._figure)
        self._measure = self._canvas.get_renderer()
        self._axes = self._figure.add_axes((0, 0, 1, 1))
        self._axes.set_axis_off()
        self.y = float(MARGIN)

    def text(
        self,
        x: float,
        y: float,
        words: str,
        *,
        size: float = TEXT,
        room: float | None = None,
        colour: str = INK,
        bold: bool = False,
        align: str = "left",
    ) -> None:
        """One line around the height `y`; made smaller, then cut, until it fits into `room` pixels."""
        shown, size = self._fitted(drawable(words), size, WIDTH - MARGIN - x if room is None else room, bold)
        self._axes.text(
            x,
            y,
            shown,
            fontsize=size * 72 / DPI,
            family=_FAMILY,
            weight="bold" if bold else "normal",
            color=colour,
            ha=align,
            va="center_baseline",
            parse_math=False,
            usetex=False,
        )

    def name(self, x: float, y: float, words: str, *, room: float) -> None:
        """A name around the height `y`, in two smaller lines where it does not fit into one."""
        shown = drawable(words)
        halves = self._halves(shown, room) if self._width(shown, SMALL, bold=False) > room else None
        if halves is None:
            self.text(x, y, shown, room=room)
        else:
            for half, middle in zip(halves, (y - 12, y + 12), strict=True):
                self.text(x, middle, half, size=LEAST, room=room)

    def line(self, words: str, *, size: float = TEXT, colour: str = INK, bold: bool = False, gap: float = 12) -> None:
        """A line of its own from the left margin; `gap` pixels below it stay free."""
        self.text(MARGIN, self.y + size / 2, words, size=size, colour=colour, bold=bold)
        self.y += size + gap

    def paragraph(self, words: str, *, size: float = TEXT, gap: float = 12) -> None:
        """Words from the left margin in as many lines as they need; `gap` pixels below the last one stay free.

        A number stays with what it counts.
        """
        shown = ""
        for word in re.split(r"(?<!\d) ", drawable(words)):
            longer = f"{shown} {word}".strip()
            if shown and self._width(longer, size, bold=False) > WIDTH - 2 * MARGIN:
                self.line(shown, size=size, gap=10)
                longer = word
            shown = longer
        self.line(shown, size=size, gap=gap)

    def legend(self, entries: list[tuple[str, str]]) -> None:
        """A line of coloured squares, each with its words: (colour, words)."""
        x, middle = float(MARGIN), self.y + SMALL / 2
        for colour, words in entries:
            self.bar(x, middle - 10, 20, 20, colour)
            self.text(x + 30, middle, words, size=SMALL, colour=SOFT)
            x += 30 + self._width(drawable(words), SMALL, bold=False) + 34
        self.y += SMALL + 16

    def bar(self, x: float, y: float, width: float, height: float, colour: str) -> None:
        """A filled rectangle from its upper left corner; a negative width goes to the left."""
        self._axes.add_patch(Rectangle((x, y), width, height, facecolor=colour, linewidth=0))

    def cell(self, x: float, y: float, width: float, height: float, colour: str) -> None:
        """A rectangle with round corners."""
        shape = FancyBboxPatch((x, y), width, height, boxstyle="round,pad=0,rounding_size=6", fc=colour, linewidth=0)
        self._axes.add_patch(shape)

    def png(self) -> bytes:
        """The sheet as PNG, as high as what stands on it; nothing can be drawn after this."""
        height = round(max(LEAST_HEIGHT, self.y + MARGIN))
        self._figure.set_size_inches(WIDTH / DPI, height / DPI)
        self._axes.set(xlim=(0, WIDTH), ylim=(height, 0))
        out = io.BytesIO()
        self._canvas.print_png(out)
        self._figure.clear()
        return out.getvalue()

    def _halves(self, words: str, room: float) -> tuple[str, str] | None:
        """Cut after the space, hyphen or underscore nearest to the middle; None if no line fits then."""
        ends = [at + 1 for at, char in enumerate(words[:-1]) if char in " -_"]
        fitting = [end for end in ends if end > 1 and self._width(words[:end].rstrip(), LEAST, bold=False) <= room]
        if not fitting:
            return None
        cut = min(fitting, key=lambda end: abs(2 * end - len(words)))
        return words[:cut].rstrip(), words[cut:].lstrip()

    def _fitted(self, words: str, size: float, room: float, bold: bool) -> tuple[str, float]:
        size = max(min(size, LEAST), min(size, size * room / max(1.0, self._width(words, size, bold=bold))))
        if self._width(words, size, bold=bold) <= room + 1:
            return words, size
        while words and self._width(words + "…", size, bold=bold) > room:
            words = words[:-1]
        return words.rstrip() + "…", size

    def _width(self, words: str, size: float, *, bold: bool) -> float:
        font = FontProperties(family=_FAMILY, weight="bold" if bold else "normal", size=size * 72 / DPI)
        return self._measure.get_text_width_height_descent(words, font, ismath=False)[0]


def drawable(words: str) -> str:
    """`words` in characters that the font has: symbols (emoji) go, letters become "?"; what is nothing but symbols is
    named, as ":skull:".
    """
    known = get_font(findfont(FontProperties(family=_FAMILY))).get_charmap()
    one_line = unicodedata.normalize("NFC", " ".join(words.split()))
    shown = "".join(_shown(char, known) for char in one_line).strip()
    if shown or not one_line:
        return shown
    return f":{unicodedata.name(one_line[0], 'symbol').lower()}:"


def _shown(char: str, known: Collection[int]) -> str:
    kind = unicodedata.category(char)[0]
    if kind in "CM":  # control characters turn a line around, stacks of marks cover the lines beside it
        return ""
    return char if ord(char) in known else "?" * (kind in "LN")
