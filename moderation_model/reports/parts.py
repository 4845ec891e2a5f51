"""The sections of the page: each takes a report and gives HTML, empty where there is nothing to show.

Everything that comes from a file or a model is escaped by `text`; numbers are formatted here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from moderation_model.checks.suite import SLOW_TO_ACCUSE
from moderation_model.contract import EvalReport, Figure, Figures
from moderation_model.failures import ALWAYS, LOW_AREA, weak_spots
from moderation_model.goals import HEADLINES, Headline
from moderation_model.reports import plots

COLUMNS: Mapping[str, str] = {
    "roc_auc": "ROC-AUC",
    "average_precision": "PR-AUC",
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
    "precision_at_base_rate": "precision at 2 %",
    "ece": "calibration error",
    "brier": "Brier",
}
SHOWN_TERMS = 15
READINGS: Mapping[str, str] = {
    "as_written": "as written",
    "normalised": "normalised",
    "spoilers_opened": "spoilers opened",
    "empty": "nothing to score",
}


def text(words: str) -> str:
    """Escaped; what stands between backticks becomes code."""
    pieces = escape(words).split("`")
    return "".join(f"<code>{piece}</code>" if number % 2 else piece for number, piece in enumerate(pieces))


def headlines(report: EvalReport) -> str:
    """Goals and what was measured, then the figures without a goal."""
    rows = [(headline, report.figures[name]) for name, headline in HEADLINES.items() if name in report.figures]
    asked = _list(_headline(headline, at) for headline, at in rows if headline.wanted)
    more = _list(_headline(headline, at) for headline, at in rows if not headline.wanted)
    return asked + (f"<h3>Without a goal</h3>{more}" if more else "")


def labels(report: EvalReport) -> str:
    """One row a label with every figure and its interval, then the mean."""
    if not report.labels:
        return ""
    head = ["label", "positives / negatives", *COLUMNS.values(), "caught / missed / false alarms"]
    body = [
        [
            f"{text(label.name)}<small>limit {label.threshold:.3f}</small>",
            f"{label.caught + label.missed} / {label.alarms + label.passed}",
            *_figure_cells(label.figures),
            f"{label.caught} / {label.missed} / {label.alarms}",
        ]
        for label in report.labels
    ]
    mean = ["mean", "", *_figure_cells(report.mean), ""]
    return table(head, body, last=mean if len(body) > 1 else None)


def curves(report: EvalReport) -> str:
    """ROC and precision-recall curves of all labels."""
    return gallery([plots.roc(report.labels), plots.precision_recall(report.labels)])


def calibration(report: EvalReport) -> str:
    """One reliability diagram a label."""
    return gallery([plots.reliability(label) for label in report.labels if label.reliability], small=True)


def limits(report: EvalReport) -> str:
    """Precision and recall by limit, one plot a label."""
    return gallery([plots.limits(label) for label in report.labels if label.limits], small=True)


def slices(report: EvalReport) -> str:
    """Parts of the texts, one table each way of cutting."""
    shown = {
        "flagged": "flagged",
        "roc_auc": "ROC-AUC of `toxic`",
        "recall": "toxic texts flagged `toxic`",
        "false_alarms": "others flagged `toxic`",
    }
    found: list[str] = []
    for by in dict.fromkeys(part.by for part in report.slices):
        body = [
            [
                text(READINGS.get(part.name, part.name) if by == "reading" else part.name),
                f"{part.count:,}",
                *(cell(part.figures.get(name), share=name != "roc_auc") for name in shown),
            ]
            for part in report.slices
            if part.by == by
        ]
        found.append(f"<h3>By {text(by)}</h3>" + table([by, "texts", *shown.values()], body))
    return "".join(found)


def stars(report: EvalReport) -> str:
    """Figures of the ratings, and how often each true rating was given which stars."""
    if not report.stars:
        return ""
    names = {"exact": "stars exactly right", "off_by_one": "at most one star away"}
    rows = [(Headline(title, percent=True), report.sentiment[name]) for name, title in names.items()]
    error = report.sentiment["macro_mae"]
    told = (
        f"Mean distance, each true rating counted alike: {error.value:.2f} stars ({error.low:.2f} to {error.high:.2f})."
    )
    body = []
    for true, counts in enumerate(report.stars, 1):
        every = max(1, sum(counts))
        cells = [_heat(str(count), count / every, "heat") for count in counts]
        body.append([f"{true} star{'s' if true > 1 else ''}", *cells])
    given = table(["truth", *(f"given {star}" for star in range(1, 6))], body)
    return _list(_headline(headline, at) for headline, at in rows) + f"<p>{told}</p>" + given


def identities(report: EvalReport) -> str:
    """Heat tables of the terms, those that draw false alarms first."""
    found: list[str] = []
    for title, terms in (("Our own templates", report.identity), ("Terms that the data names", report.named)):
        if not terms:
            continue
        ranked = sorted(terms.items(), key=lambda at: at[1]["bpsn"].value)
        head = ["term", "BPSN AUC", "BNSP AUC", "subgroup AUC", "texts"]
        rows = [
            [
                text(term),
                *(_area_cell(areas[name]) for name in ("bpsn", "bnsp", "subgroup")),
                str(areas["subgroup"].count),
            ]
            for term, areas in ranked
        ]
        found.append(f"<h3>{title}</h3>" + table(head, rows[:SHOWN_TERMS]))
        if len(rows) > SHOWN_TERMS:
            rest = table(head, rows[SHOWN_TERMS:])
            found.append(f"<details><summary>{len(rows) - SHOWN_TERMS} more terms</summary>{rest}</details>")
    return "".join(found)


def evasion(report: EvalReport) -> str:
    """Share still caught by kind, the worst first."""
    return _bars(report.evasion, dict.fromkeys(report.evasion, HEADLINES["evasion_kept_worst"].goal))


def checks(report: EvalReport) -> str:
    """Share of cases passed by category, the worst first; a goal is marked where harmless lines look like abuse."""
    return _bars(report.checks, dict.fromkeys(SLOW_TO_ACCUSE, HEADLINES["checks_worst_category"].goal))


def failures(manifest_parts: Mapping[str, Any]) -> str:
    """What the figures say that it cannot do, then what holds for every such model."""
    return notes([*weak_spots(manifest_parts), *ALWAYS])


def notes(sentences: Iterable[str]) -> str:
    """A list of what a reader must know."""
    rows = "".join(f"<li>{text(sentence)}</li>" for sentence in sentences)
    return f'<ul class="notes">{rows}</ul>' if rows else ""


def _headline(headline: Headline, at: Figure) -> str:
    low = 0.5 if "AUC" in headline.title else 0.0
    high = 1.0
    if not headline.at_least and headline.goal is not None:
        low, high = 0.0, max(3 * headline.goal, 1.2 * at.high)
    elif at.high > high:
        high = 4.0
    verdict = ""
    if headline.goal is not None:
        met = headline.met(at.value)
        verdict = (
            f'{headline.wanted} <span class="{"met" if met else "missed"}">{"✓ met" if met else "✗ missed"}</span>'
        )
    value = f"{headline.show(at.value)} <small>{headline.number(at.low)} to {headline.number(at.high)}</small>"
    return (
        f"<li><span>{text(headline.title)}</span>{_strip(at, low, high, headline.goal)}"
        f'<span class="value">{value}</span><span class="goal">{verdict or f"{at.count:,} texts"}</span></li>'
    )


def _strip(at: Figure, low: float, high: float, goal: float | None) -> str:
    """The value and its interval on a line from `low` to `high`, with a mark at the goal."""

    def place(value: float) -> float:
        return round(100 * min(1.0, max(0.0, (value - low) / (high - low))), 2)

    start, end = place(at.low), place(at.high)
    tick = f'<i class="tick" style="left:{place(goal)}%"></i>' if goal is not None else ""
    return (
        f'<span class="strip" aria-hidden="true"><i class="track"></i>{tick}'
        f'<i class="range" style="left:{start}%;width:{round(end - start, 2)}%"></i>'
        f'<i class="dot" style="left:{place(at.value)}%"></i></span>'
    )


def _bars(figures: Figures, goals: Mapping[str, float | None]) -> str:
    rows: list[str] = []
    for name, at in sorted(figures.items(), key=lambda item: item[1].value):
        value = f"{100 * at.value:.1f} % <small>{100 * at.low:.1f} to {100 * at.high:.1f} of {at.count}</small>"
        rows.append(
            f"<li><span>{text(name.replace('_', ' '))}</span>{_strip(at, 0.0, 1.0, goals.get(name))}"
            f'<span class="value">{value}</span></li>'
        )
    return _list(rows, short=True)


def _list(rows: Iterable[str], *, short: bool = False) -> str:
    inside = "".join(rows)
    return f'<ul class="rows{" short" if short else ""}">{inside}</ul>' if inside else ""


def gallery(drawn: Sequence[str], *, small: bool = False) -> str:
    """Plots side by side where there is room."""
    inside = "".join(f"<div>{each}</div>" for each in drawn if each)
    return f'<div class="plots{" small" if small else ""}">{inside}</div>' if inside else ""


def table(head: Sequence[str], body: Sequence[Sequence[str]], last: Sequence[str] | None = None) -> str:
    """A table that scrolls sideways. Cells are HTML already; `head` is text."""
    rows = [_row(cells) for cells in body]
    if last:
        rows.append(_row(last, kind=' class="mean"'))
    heads = "".join(f"<th>{text(name)}</th>" for name in head)
    return f'<div class="scroll" tabindex="0"><table><thead><tr>{heads}</tr></thead>{"".join(rows)}</table></div>'


def _row(cells: Sequence[str], kind: str = "") -> str:
    inside = "".join(cell if cell.startswith("<td") else f"<td>{cell}</td>" for cell in cells)
    return f"<tr{kind}>{inside}</tr>"


def _figure_cells(figures: Figures) -> list[str]:
    return [
        cell(figures.get(name), share=name in {"precision", "recall", "precision_at_base_rate"}) for name in COLUMNS
    ]


def cell(at: Figure | None, *, share: bool = False) -> str:
    """A figure with its interval, in percent for a `share`; a dash for None."""
    if at is None:
        return "–"
    if share:
        places = 1 if at.value >= 0.02 else 2
        return f"{100 * at.value:.{places}f} %<small>{100 * at.low:.{places}f} to {100 * at.high:.{places}f}</small>"
    return f"{at.value:.3f}<small>{at.low:.3f} to {at.high:.3f}</small>"


def _area_cell(at: Figure) -> str:
    """The warmer, the further below the goal."""
    return _heat(
        f"{at.value:.3f}<small>{at.low:.3f} to {at.high:.3f}</small>", (LOW_AREA + 0.02 - at.value) * 3, "warm"
    )


def _heat(inside: str, strength: float, colour: str) -> str:
    depth = round(0.75 * min(1.0, max(0.0, strength)), 3)
    return f'<td style="background:rgb(var(--{colour}) / {depth})">{inside}</td>'
