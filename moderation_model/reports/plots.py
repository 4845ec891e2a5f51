"""Plots as SVG to stand in a page: colours are the page's own variables, so that one picture serves light and dark."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from html import escape
from typing import Any, Literal

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from moderation_model.contract import LabelReport

INK, FAINT = "#010203", "#040506"
SERIES = tuple(f"#0708{number:02x}" for number in range(6))
"""Colours that nobody else uses: each is replaced by a variable of the page."""
_VARIABLES = {INK: "var(--ink)", FAINT: "var(--line)"} | {
    colour: f"var(--series-{number})" for number, colour in enumerate(SERIES, 1)
}
_STYLE: dict[Any, Any] = {
    "font.size": 9.5,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10.5,
    "axes.titlelocation": "left",
    "axes.titlecolor": INK,
    "grid.color": FAINT,
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
    "svg.fonttype": "none",
    "text.color": INK,
    "text.parse_math": False,
    "xtick.color": INK,
    "ytick.color": INK,
}
_DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (8, 2)))
FEW = 10
"""Bins with fewer texts get their dot, but the line leaves them out."""
WIDE, SQUARE = (5.0, 4.0), (3.4, 3.0)


def roc(labels: Sequence[LabelReport]) -> str:
    """Recall against the share of harmless texts that are flagged too, one line a label; empty without curves."""
    return _lines(
        "ROC curves",
        [(label, label.roc, "roc_auc") for label in labels],
        axes=("harmless texts flagged", "abusive texts flagged"),
        corner="lower right",
    )


def precision_recall(labels: Sequence[LabelReport]) -> str:
    """Precision against recall on these texts, one line a label; empty without curves."""
    return _lines(
        "Precision and recall",
        [(label, label.precision_recall, "average_precision") for label in labels],
        axes=("recall", "precision"),
        corner="lower left",
    )


def reliability(label: LabelReport, *, whose: str = "") -> str:
    """Share of positives by score, and how many texts each point stands for; the diagonal is honest.

    `whose`: which of several models, named in the title.
    """
    name = f"{label.name}, {whose}" if whose else label.name
    with matplotlib.rc_context(_STYLE):
        figure, axes = _new(SQUARE)
        axes.plot([0, 1], [0, 1], color=FAINT, linewidth=1.2)
        most = max((point[2] for point in label.reliability), default=1)
        sizes = [12 + 130 * point[2] / most for point in label.reliability]
        firm = [point for point in label.reliability if point[2] >= FEW]
        axes.plot([point[0] for point in firm], [point[1] for point in firm], color=SERIES[0], linewidth=1.2, alpha=0.6)
        x, y = [point[0] for point in label.reliability], [point[1] for point in label.reliability]
        axes.scatter(x, y, s=sizes, color=SERIES[0], alpha=0.85, linewidths=0, clip_on=False)
        error = label.figures.get("ece")
        axes.set_title(name + (f": error {error.value:.3f}" if error else ""))
        _unit(axes, "score", "share that is so")
        return _svg(figure, f"Reliability of {name}")


def limits(label: LabelReport) -> str:
    """Precision and recall by limit, with the limit that the model has."""
    with matplotlib.rc_context(_STYLE):
        figure, axes = _new(SQUARE)
        x = [point[0] for point in label.limits]
        axes.plot(x, [point[1] for point in label.limits], color=SERIES[0], label="precision")
        axes.plot(x, [point[2] for point in label.limits], color=SERIES[1], linestyle="--", label="recall")
        axes.axvline(label.threshold, color=INK, linewidth=1, linestyle=":")
        axes.set_title(f"{label.name}: limit {label.threshold:.3f}")
        _unit(axes, "limit", "share")
        axes.legend(loc="lower left", fontsize=8.5)
        return _svg(figure, f"Precision and recall of {label.name} by limit")


def _lines(
    title: str,
    curves: Sequence[tuple[LabelReport, tuple[tuple[float, ...], ...], str]],
    *,
    axes: tuple[str, str],
    corner: Literal["lower left", "lower right"],
) -> str:
    """One line a label that has the curve, named with the figure that sums it up."""
    drawn = [curve for curve in curves if curve[1]]
    if not drawn:
        return ""
    with matplotlib.rc_context(_STYLE):
        figure, plot = _new(WIDE)
        for number, (label, points, name) in enumerate(drawn):
            plot.plot(
                [point[0] for point in points],
                [point[1] for point in points],
                color=SERIES[number % len(SERIES)],
                linestyle=_DASHES[number % len(_DASHES)],
                label=f"{label.name} {label.figures[name].value:.3f}",
            )
        plot.set_title(title)
        _unit(plot, *axes)
        plot.legend(loc=corner, fontsize=8.5, handlelength=3)
        return _svg(figure, title)


def _new(size: tuple[float, float]) -> tuple[Figure, Axes]:
    figure = Figure(figsize=size, layout="constrained")
    return figure, figure.add_subplot()


def _unit(axes: Axes, x: str, y: str) -> None:
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), xlabel=x, ylabel=y)


def _svg(figure: Figure, name: str) -> str:
    """The picture as an element of HTML: nothing of it points outside, its ids are its own, its words are text."""
    out = io.StringIO()
    # The salt makes the ids of clip paths and markers differ from those of the other pictures of the page.
    with matplotlib.rc_context({"svg.hashsalt": name}):
        figure.savefig(out, format="svg", transparent=True, metadata={"Date": None})
    drawn = out.getvalue()
    drawn = drawn[drawn.index("<svg") :]
    drawn = re.sub(r"<metadata>.*?</metadata>", "", drawn, flags=re.DOTALL)
    drawn = re.sub(r' xmlns(:\w+)?="[^"]*"', "", drawn)
    drawn = re.sub(r'(<g|<text) id="[^"]*"', r"\1", drawn)
    drawn = re.sub(r' (width|height)="[\d.]+pt"', "", drawn, count=2)
    drawn = re.sub(r"'DejaVu Sans'[^;\"]*", "system-ui, sans-serif", drawn)
    for colour, variable in _VARIABLES.items():
        drawn = drawn.replace(colour, variable)
    return drawn.replace("<svg", f'<svg role="img" aria-label="{escape(name)}"', 1).strip()
