"""A report as one HTML page that needs nothing else: style and plots stand in it, it asks for nothing, it holds no
message.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from string import Template
from typing import Any

from moderation_model.contract import EvalReport
from moderation_model.goals import HEADLINES, goals
from moderation_model.reports import parts

_SECTIONS: tuple[tuple[str, str, Callable[[EvalReport], str]], ...] = (
    (
        "Goals",
        "The dot is the value, the bar its 95 % interval, the upright mark the goal.",
        parts.headlines,
    ),
    (
        "Labels",
        "On the texts whose truth is known. Precision, recall and F1 at the model's limit; these texts hold far more"
        " abuse than a chat does, so precision is also given for a chat in which 2 % of the messages are abusive, with"
        " the false alarms counted on real harmless chat where that is there.",
        parts.labels,
    ),
    ("Curves", "Every limit that could have been chosen.", parts.curves),
    (
        "Calibration",
        "Of the texts with a score of 0.7, seven in ten should be so: on the diagonal. Larger dots are more texts.",
        parts.calibration,
    ),
    ("Limits", "What a higher or a lower limit would change. The dotted line is the limit of the model.", parts.limits),
    ("Slices", "Where it is better and where it is worse. `flagged` counts labels that open a case.", parts.slices),
    ("Stars", "Darker cells: a larger share of the texts with that true rating.", parts.stars),
    (
        "Identities",
        "BPSN: abuse without the term against harmless sentences with it; low where naming a group is taken for abuse."
        " BNSP: the reverse; low where abuse of that group is missed. Warm cells are below the goal.",
        parts.identities,
    ),
    (
        "Evasion",
        "Messages that are caught when written plainly: the share that is still caught, by kind.",
        parts.evasion,
    ),
    ("Checks", "Our own behavioural checks: the share of cases that come out right, by category.", parts.checks),
)


def page(report: EvalReport, weaknesses: Mapping[str, Any], *, when: date) -> str:
    """The whole page. `weaknesses` are the parts of a manifest that `failures.weak_spots` reads."""
    drawn = [(title, words, section(report)) for title, words, section in _SECTIONS]
    cannot = parts.failures(weaknesses)
    drawn.append(("What it cannot do", "From the figures above, then what holds for every model of this kind.", cannot))
    shown = [(title, words, inside) for title, words, inside in drawn if inside]
    return framed(
        report.model_version,
        opening=f'<p class="verdict">{_verdict(report)}</p>' + parts.notes(report.notes),
        sections=shown,
        closing=f"Measured on {when.isoformat()}. Intervals of 95 %: Wilson for shares, Hanley and McNeil for areas"
        " under ROC curves, bootstrap for F1 and calibration errors. This page holds no message.",
    )


def framed(title: str, *, opening: str, sections: Sequence[tuple[str, str, str]], closing: str) -> str:
    """The page around `sections` (title, words, HTML), those without HTML left out. `title` and words are text."""
    shown = [section for section in sections if section[2]]
    body = "".join(
        f'<section id="{_anchor(title)}"><h2>{parts.text(title)}</h2><p>{parts.text(words)}</p>{inside}</section>'
        for title, words, inside in shown
    )
    template = Template((Path(__file__).parent / "page.html").read_text("utf-8"))
    return template.substitute(
        title=parts.text(title),
        opening=opening,
        links="".join(f'<a href="#{_anchor(title)}">{parts.text(title)}</a>' for title, _, _ in shown),
        body=body,
        closing=closing,
    )


def _verdict(report: EvalReport) -> str:
    asked = [goal for goal in goals(report.figures) if goal.met is not None]
    measured = f"{report.texts:,} texts of {parts.text(report.data)}."
    if not asked:
        return measured
    met = sum(bool(goal.met) for goal in asked)
    missing = sum(headline.goal is not None for headline in HEADLINES.values()) - len(asked)
    rest = f" ({missing} not measured here)" if missing else ""
    return f"<b>{met} of {len(asked)}</b> goals reached{rest}, on {measured}"


def _anchor(title: str) -> str:
    return title.lower().replace(" ", "-")
