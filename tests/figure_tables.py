"""The tables of docs/metrics.md, written from the figures that both processes show."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from bot import metrics as bot_metrics
from moderation_model import metrics as model_metrics
from moderation_model.figures import Figure

PAGE = Path(__file__).parents[1] / "docs" / "metrics.md"
PARTS = {"bot": bot_metrics.FIGURES, "model": model_metrics.FIGURES}
ALERT = re.compile(r"- alert: (\w+)\n +expr: (.+)")
NAME = re.compile(r"\bcandor_\w+")


def alerts(page: str) -> dict[str, set[str]]:
    """The figures that each alert looks at, as the page writes them."""
    return {name: set(NAME.findall(expression)) for name, expression in ALERT.findall(page)}


def family(name: str) -> str:
    """The figure that a series belongs to: a histogram has three kinds of them."""
    return re.sub(r"_(bucket|count|sum)$", "", name)


def table(figures: Iterable[Figure], page: str) -> str:
    """One row a figure, with the alerts that look at it."""
    rows = ["| name | type | labels | meaning | alerts |", "|---|---|---|---|---|"]
    watched = {name: {family(each) for each in names} for name, names in alerts(page).items()}
    for figure in figures:
        labels = ", ".join(f"`{label}`" for label in figure.labels)
        by = ", ".join(name for name, names in watched.items() if figure.name in names)
        rows.append(f"| `{figure.name}` | {figure.kind} | {labels} | {figure.means} | {by} |")
    return "\n".join(rows) + "\n"


def written(page: str) -> str:
    """The page with its tables as they should be."""
    for part, figures in PARTS.items():
        found = re.compile(rf"(<!-- {part} -->\n)(.*?)(<!-- /{part} -->)", re.DOTALL)
        page = found.sub(lambda here, rows=table(figures, page): here[1] + rows + here[3], page)
    return page
