"""Champion and challenger on the same rows: what the gate judges by, what the report shows, which cases flip.

Held-out examples are weighed by the inverse of their inclusion probability, so that audits speak for what nobody saw,
times their own weight, which keeps one judge from deciding what is better.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from moderation_model.bootstrap import mean_gain
from moderation_model.bulk import ACCUSING, Known, Scored, accused
from moderation_model.checks.anchors import anchor_sentences
from moderation_model.checks.identity import identity_cases
from moderation_model.checks.suite import Check, read_suite
from moderation_model.contract import Figure, ModelInfo
from moderation_model.gate import Calibration, Costs, Evidence, Passes
from moderation_model.learning import Difference, Example, Flip, LimitChange
from moderation_model.measures import calibration_error, measure_label

Limits = Mapping[str, Mapping[str, float]]
"""By guild and label; what is missing is the model's own limit."""
Tick = Callable[[int, int], None]
SHOWN_FLIPS = 50


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """One model with its limits."""

    known: Known
    limits: Limits

    @property
    def info(self) -> ModelInfo:
        """The model's."""
        return self.known.classifier.info

    def flags(self, examples: Sequence[Example], scored: Scored) -> np.ndarray:
        """(examples, labels): whether the score reaches the limit of the example's guild."""
        shipped = self.info.thresholds
        limits = [
            [self.limits.get(example.guild, {}).get(name, shipped[name]) for name in self.info.labels]
            for example in examples
        ]
        return scored.scores >= np.array(limits).reshape(scored.scores.shape)


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """Everything that was found. `before` and `after`: `LabelReport` dictionaries on the held-out examples."""

    evidence: Evidence
    differences: tuple[Difference, ...]
    flips: tuple[Flip, ...]
    before: tuple[dict[str, object], ...]
    after: tuple[dict[str, object], ...]
    changes: tuple[LimitChange, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class _Suites:
    """Our own sentences, one after the other: anchors, checks, identities. `want`: which must be accused."""

    texts: tuple[str, ...]
    anchors: slice
    checks: slice
    identity: slice
    want: np.ndarray
    owners: tuple[Check, ...]
    terms: tuple[str, ...]


def compare(
    champion: Side,
    challenger: Side,
    test: Sequence[Example],
    *,
    labels: int,
    one_judge: float = 0.0,
    tick: Tick | None = None,
) -> Compared:
    """Scores both on `test` and on our own sentences. `labels`: how many the whole run had, for the gate's advice;
    `one_judge`: the share of `test` that one judge answered (`examples.Parts`).
    """
    suites = _suites()
    texts = [*(example.text for example in test), *suites.texts]
    both = [side.known.score(texts, tick=tick) for side in (champion, challenger)]
    names = champion.info.labels
    own = [scored.rows(slice(len(test))) for scored in both]
    flags = [side.flags(test, scored) for side, scored in zip((champion, challenger), own, strict=True)]
    truth = np.array([[example.labels.get(name, np.nan) for name in names] for example in test]).reshape(-1, len(names))
    weights = np.array([example.weight / example.inclusion_probability for example in test])
    right = [_right(suites, scored.rows(slice(len(test), None)), names) for scored in both]
    evidence = Evidence(
        held_out=_costs(truth, flags, weights, test),
        anchors=Passes(right[0][suites.anchors], right[1][suites.anchors]),
        checks=Passes(right[0][suites.checks], right[1][suites.checks]),
        identity=Passes(right[0][suites.identity], right[1][suites.identity], slices=suites.terms),
        harmless=Passes(right[0][~suites.want], right[1][~suites.want]),
        calibration=_calibration(truth, own),
        labels=labels,
        found=Passes(flags[0][truth == 1.0], flags[1][truth == 1.0]),
        one_judge=one_judge,
    )
    return Compared(
        evidence=evidence,
        differences=_differences(evidence, truth, flags, weights),
        flips=_flips(test, truth, flags, own, names),
        before=_reports(champion, truth, own[0], flags[0]),
        after=_reports(challenger, truth, own[1], flags[1]),
        changes=_changes((champion, challenger), test, truth, flags),
    )


def _suites() -> _Suites:
    anchors = anchor_sentences()
    checks = [(check, case) for check in read_suite() for case in check.cases]
    identities = identity_cases()
    first, second = len(anchors), len(anchors) + len(checks)
    want = [any(each.labels.get(name) for name in ACCUSING) for each in anchors]
    want += [check.flagged for check, _ in checks]
    want += [case.abusive for case in identities]
    return _Suites(
        texts=(*(each.text for each in anchors), *(case for _, case in checks), *(each.text for each in identities)),
        anchors=slice(0, first),
        checks=slice(first, second),
        identity=slice(second, None),
        want=np.array(want, dtype=bool),
        owners=tuple(check for check, _ in checks),
        terms=tuple(each.term for each in identities),
    )


def _right(suites: _Suites, scored: Scored, names: Sequence[str]) -> np.ndarray:
    """(sentences,): whether the model says what must be said, at the limits that it ships with."""
    right = accused(scored, names) == suites.want
    start = suites.checks.start
    for number, check in enumerate(suites.owners):
        flagged = [name for name, fired in zip(names, scored.flagged[start + number], strict=True) if fired]
        right[start + number] = check.passes(flagged)
    return right


def _costs(truth: np.ndarray, flags: Sequence[np.ndarray], weights: np.ndarray, test: Sequence[Example]) -> Costs:
    """A row costs the share of its known labels that the model gets wrong. One author's rows hang together."""
    known = ~np.isnan(truth)
    counted = np.maximum(known.sum(axis=1), 1)
    costs = [((side != (truth == 1.0)) & known).sum(axis=1) / counted for side in flags]
    clusters = np.array([example.author or f"row {number}" for number, example in enumerate(test)])
    return Costs(costs[0], costs[1], np.where(known.any(axis=1), weights, 0.0), clusters if len(test) else None)


def _calibration(truth: np.ndarray, own: Sequence[Scored]) -> Calibration:
    known = ~np.isnan(truth)
    if not known.any():
        return Calibration(0.0, 0.0, 0)
    before, after = (calibration_error(scored.scores[known], truth[known]) for scored in own)
    return Calibration(before, after, int(known.any(axis=1).sum()))


def _differences(
    evidence: Evidence, truth: np.ndarray, flags: Sequence[np.ndarray], weights: np.ndarray
) -> tuple[Difference, ...]:
    """Every figure of both with the paired interval of what the challenger gains."""
    known = ~np.isnan(truth)
    shares: list[tuple[str, np.ndarray, np.ndarray, np.ndarray]] = []
    right = [(side == (truth == 1.0)) for side in flags]
    for name, rows in (("left alone", known & (truth == 0.0)), ("recall", known & (truth == 1.0))):
        shares.append((name, right[0][rows], right[1][rows], np.repeat(weights[:, None], truth.shape[1], axis=1)[rows]))
    for name in ("anchors", "checks", "identity", "harmless"):
        passes: Passes = getattr(evidence, name)
        shares.append((name, passes.champion, passes.challenger, np.ones(len(passes.champion))))
    return tuple(
        Difference(
            name,
            float(np.average(before, weights=weight)),
            float(np.average(after, weights=weight)),
            _gain(before, after, weight),
        )
        for name, before, after, weight in shares
        if len(before)
    )


def _gain(before: np.ndarray, after: np.ndarray, weights: np.ndarray) -> Figure:
    return mean_gain(before.astype(float), after.astype(float), weights=weights).figure()


def _flips(
    test: Sequence[Example],
    truth: np.ndarray,
    flags: Sequence[np.ndarray],
    own: Sequence[Scored],
    names: Sequence[str],
) -> tuple[Flip, ...]:
    """Where exactly one of the two flags and the truth is known, the surest first, `SHOWN_FLIPS` a way."""
    found = [
        Flip(
            example_id=test[row].example_id,
            label=names[int(column)],
            champion=float(own[0].scores[row, column]),
            challenger=float(own[1].scores[row, column]),
            right=bool(flags[1][row, column] == (truth[row, column] == 1.0)),
        )
        for row, column in np.argwhere((flags[0] != flags[1]) & ~np.isnan(truth))
    ]
    found.sort(key=lambda flip: -abs(flip.champion - flip.challenger))
    return tuple(
        flip for right in (True, False) for flip in [each for each in found if each.right == right][:SHOWN_FLIPS]
    )


def _changes(
    sides: tuple[Side, Side], test: Sequence[Example], truth: np.ndarray, flags: Sequence[np.ndarray]
) -> tuple[LimitChange, ...]:
    """By guild and label both limits, and the flags of known truth that either gives there."""
    names = sides[0].info.labels
    guilds = np.array([example.guild for example in test], dtype=str)
    found: list[LimitChange] = []
    for guild, limits in sorted(sides[1].limits.items()):
        rows = guilds == guild
        for column, name in enumerate(names):
            if name in limits:
                old = sides[0].limits.get(guild, {}).get(name, sides[0].info.thresholds[name])
                counts = [
                    int((side[rows, column] & (truth[rows, column] == so)).sum()) for side in flags for so in (1, 0)
                ]
                found.append(LimitChange(guild, name, float(old), float(limits[name]), *counts))
    return tuple(found)


def _reports(side: Side, truth: np.ndarray, scored: Scored, flags: np.ndarray) -> tuple[dict[str, object], ...]:
    """A report a label that is known of some row: what was decided at the guilds' limits, and the scores themselves."""
    nobody = np.array([])
    return tuple(
        asdict(
            measure_label(
                name,
                truth[:, column],
                scored.scores[:, column],
                flags[:, column],
                threshold=side.info.thresholds[name],
                harmless=nobody,
            )
        )
        for column, name in enumerate(side.info.labels)
        if not np.isnan(truth[:, column]).all()
    )
