"""A training run as one HTML page that needs nothing else: old against new, every rule of the gate, what it cost.

It holds numbers, labels and the ids of examples, never a text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from moderation_model.contract import Figure, LabelReport
from moderation_model.learning import Flip, RunResult
from moderation_model.reports import plots
from moderation_model.reports.page import framed
from moderation_model.reports.parts import cell, gallery, table, text

RULES: Mapping[str, str] = {
    "examples": "Enough examples",
    "cost": "Fewer wrong flags and misses",
    "recall": "What breaks rules is still found",
    "judges": "Held-out labels of more than one person",
    "anchors": "Anchor sentences",
    "checks": "Behavioural checks",
    "identity": "Sentences about identities",
    "identities": "Each identity by itself",
    "false_flags": "Harmless lines left alone",
    "calibration": "Scores mean what they say",
}
COMPARED: Mapping[str, str] = {
    "left alone": "harmless messages left alone (held out)",
    "recall": "rule-breaking messages flagged (held out)",
    "anchors": "anchor sentences right",
    "checks": "behavioural checks right",
    "identity": "sentences about identities right",
    "harmless": "harmless sentences of ours left alone",
}
BY_LABEL: Mapping[str, str] = {
    "average_precision": "PR-AUC",
    "precision": "precision",
    "recall": "recall",
    "ece": "calibration error",
}


def learning_page(result: RunResult, about: Sequence[tuple[str, str]] = ()) -> str:
    """The whole page. `about`: what the caller knows beside it, as rows (what, value)."""
    before, after = _reports(result.before), _reports(result.after)
    name = result.challenger or "nothing new"
    return framed(
        f"{name} against {result.champion}",
        opening=f'<p class="verdict">{_verdict(result)}</p>',
        sections=(
            ("Gate", "Every rule must be met; what is not met stands first.", _gate(result)),
            (
                "Old against new",
                "Both models on the same rows. The gain is above zero where the new one is better, with its paired"
                " bootstrap interval of 95 %.",
                _differences(result),
            ),
            (
                "Labels",
                "On the held-out examples, at the limits of each server. Labels that nobody gave and neither model"
                " flagged are left out.",
                _labels(before, after),
            ),
            ("Confusion", "The same examples, counted: what was said against what is so.", _confusion(before, after)),
            (
                "Calibration",
                "Before and after, label by label: on the diagonal a score of 0.7 is right seven times in ten.",
                _calibration(before, after),
            ),
            (
                "Limits",
                "From which score on a label is flagged, by server: now, and as proposed for the new model; and what"
                " either model flags there of the held-out examples, rightly and wrongly.",
                _limits(result),
            ),
            ("Flips", "Held-out examples that one of the two flags, by their number.", _flips(result.flips)),
            ("Learned from", "What was trained on, and what was not and why.", _learned(result)),
            ("On the server", "What the bot knows of the run.", _about(about)),
            ("Cost", "", _cost(result)),
        ),
        closing="This page holds no message. Examples are named by number; their texts stay in the database.",
    )


def _verdict(result: RunResult) -> str:
    if result.challenger is None:
        return f"<b>Nothing was trained.</b> {text(' '.join(result.verdict.reasons))}"
    if result.verdict.promote:
        return f"<b>Better.</b> {text(result.challenger)} met every rule of the gate."
    return f"<b>Not better.</b> {text(' '.join(result.verdict.reasons))}"


def _gate(result: RunResult) -> str:
    rows = sorted(result.verdict.rows, key=lambda row: row.met)
    marks = {True: '<span class="met">✓ met</span>', False: '<span class="missed">✗ not met</span>'}
    return _told((f"{marks[row.met]} <b>{text(RULES.get(row.rule, row.rule))}</b>", row.reason) for row in rows)


def _told(rows: Iterable[tuple[str, str]]) -> str:
    """Rows (HTML, words) as a list: sentences in a table would be cut off on a phone."""
    inside = "".join(f"<li>{what}: {text(words)}</li>" for what, words in rows)
    return f'<ul class="notes">{inside}</ul>' if inside else ""


def _wrapped(words: str) -> str:
    return f'<td style="white-space:normal;min-width:8.5rem">{text(words)}</td>'


def _differences(result: RunResult) -> str:
    body = [
        [
            _wrapped(COMPARED.get(each.name, each.name)),
            _share(each.champion),
            _share(each.challenger),
            _points(each.gain),
            f"{each.gain.count:,}",
        ]
        for each in result.differences
    ]
    return table(["what", "old", "new", "gain in points", "rows"], body) if body else ""


def _labels(before: Mapping[str, LabelReport], after: Mapping[str, LabelReport]) -> str:
    body = [
        [f"{text(name)}<small>{title}</small>", *(_figure(report, each) for each in BY_LABEL)]
        for name, title, report in _pairs(before, after)
    ]
    return table(["label", *BY_LABEL.values()], body) if body else ""


def _figure(report: LabelReport, name: str) -> str:
    return cell(report.figures.get(name), share=name in {"precision", "recall"})


def _confusion(before: Mapping[str, LabelReport], after: Mapping[str, LabelReport]) -> str:
    body = [
        [
            f"{text(name)}<small>{title}</small>",
            *(f"{count:,}" for count in (report.caught, report.missed, report.alarms, report.passed)),
        ]
        for name, title, report in _pairs(before, after)
    ]
    return table(["label", "rightly flagged", "missed", "wrongly flagged", "rightly left alone"], body) if body else ""


def _calibration(before: Mapping[str, LabelReport], after: Mapping[str, LabelReport]) -> str:
    drawn = [plots.reliability(report, whose=title) for _, title, report in _pairs(before, after) if report.reliability]
    return gallery(drawn, small=True)


def _pairs(before: Mapping[str, LabelReport], after: Mapping[str, LabelReport]) -> list[tuple[str, str, LabelReport]]:
    """Label by label the old report, then the new one, without labels that nobody gave and neither model flagged."""
    found: list[tuple[str, str, LabelReport]] = []
    for name, new in after.items():
        if not any(each.caught + each.missed + each.alarms for each in (new, before.get(name, new))):
            continue
        found += [(name, title, each) for title, each in (("old", before.get(name)), ("new", new)) if each is not None]
    return found


def _limits(result: RunResult) -> str:
    body = [
        [
            text(each.guild or "any"),
            text(each.label),
            f"{each.before:.3f}",
            f"{each.after:.3f}",
            f"{each.right_before} right, {each.wrong_before} wrong",
            f"{each.right_after} right, {each.wrong_after} wrong",
        ]
        for each in result.changes
    ]
    return table(["server", "label", "limit now", "limit then", "flags now", "flags then"], body) if body else ""


def _about(about: Sequence[tuple[str, str]]) -> str:
    return _told((f"<b>{text(what)}</b>", value) for what, value in about)


def _flips(flips: Sequence[Flip]) -> str:
    body = [
        [f"{flip.example_id}", text(flip.label), f"{flip.champion:.2f}", f"{flip.challenger:.2f}", _who(flip.right)]
        for flip in flips
    ]
    return table(["example", "label", "old score", "new score", "right"], body) if body else ""


def _learned(result: RunResult) -> str:
    learned = result.learned
    if learned is None:
        return ""
    body = [[text(source.replace("_", " ")), f"{number:,}"] for source, number in learned.by_source.items()]
    body += [[f"left out: {text(why)}", f"{number:,}"] for why, number in learned.refused.items()]
    body.append(["largest share of one moderator", _share(learned.largest_share)])
    if learned.agreement is not None:
        body.append(["agreement of moderators (kappa)", f"{learned.agreement:.2f}"])
    return table(["what", ""], body)


def _cost(result: RunResult) -> str:
    if result.challenger is None:
        return ""
    return table(
        ["minutes", "device", "held out"], [[f"{result.minutes:.1f}", text(result.device), f"{result.held_out:,}"]]
    )


def _who(right: bool) -> str:
    return '<span class="met">new</span>' if right else '<span class="missed">old</span>'


def _share(value: float) -> str:
    return f"{100 * value:.1f} %"


def _points(gain: Figure) -> str:
    return f"{100 * gain.value:+.1f}<small>{100 * gain.low:+.1f} to {100 * gain.high:+.1f}</small>"


def _reports(found: Sequence[Mapping[str, Any]]) -> dict[str, LabelReport]:
    """Label reports as they came over JSON, by label."""
    return {
        str(each["name"]): LabelReport(
            **{
                **each,
                "figures": {
                    name: at if isinstance(at, Figure) else Figure.from_dict(at) for name, at in each["figures"].items()
                },
            }
        )
        for each in found
    }
