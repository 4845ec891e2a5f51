"""The gate: what a challenger must show before it may decide. `judge` is pure: evidence in, a verdict with reasons out.

Two kinds of rules. Where the challenger claims something (it costs less, it has not unlearned what the anchors ask) the
burden is on it: the cautious bound of the paired bootstrap must lie on the right side, so little evidence says no.
Where no change is wanted and a few rows always flip (false flags, calibration, one identity out of sixty) it is stopped
once it is worse by more than chance explains. `benchmarks/gate.py` plays both kinds on simulated scores.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from statistics import NormalDist

import numpy as np

from moderation_model.bootstrap import Bootstrapped, mean_gain
from moderation_model.learning import GateRow, GateVerdict

MOST_WANTED = 2000
"""Where more labels than these would be needed, the difference is too small to wait for."""


@dataclass(frozen=True, slots=True)
class GateRules:
    """The numbers of the gate. Shares: 0.02 is two points.

    `fewest`: held-out labels. `fewest_authors`: people who wrote those messages, since rows of one hang together and
    the spread among a few of them says nothing. `confidence`: of the one-sided bounds of cost and of the three suites.
    `margin`: what a suite may lose. `noise`: chance that a harmless change in false flags or in one identity is taken
    for harm. `cap`: false flags may not rise by more, whatever chance explains. `ece_noise`: two equally calibrated
    models differ in their calibration error by less than this over the square root of the rows in 19 of 20 cases (found
    by simulation for 60 to 2,000 rows, 0.39 to 0.60 by how alike the two are). `missed`: what recall may fall by.
    `one_judge`: the largest share of the held-out labels that one of several judges may have given: beyond it nobody
    else's word could contradict.
    """

    fewest: int = 60
    fewest_authors: int = 10
    confidence: float = 0.9
    margin: float = 0.02
    noise: float = 0.05
    cap: float = 0.005
    ece_noise: float = 0.5
    missed: float = 0.05
    one_judge: float = 0.9


@dataclass(frozen=True, slots=True, eq=False)
class Costs:
    """What each held-out row cost either model: its wrong flags and misses at the guild's limits, one entry a row.

    `weights`: inverse inclusion probabilities. `clusters`: which rows belong together (thread, author), else None.
    """

    champion: np.ndarray = field(repr=False)
    challenger: np.ndarray = field(repr=False)
    weights: np.ndarray = field(repr=False)
    clusters: np.ndarray | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, eq=False)
class Passes:
    """Which rows of a suite each model gets right (True), one entry a row. `slices`: the part each row belongs to."""

    champion: np.ndarray = field(repr=False)
    challenger: np.ndarray = field(repr=False)
    slices: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Calibration:
    """Expected calibration error of both on the same `rows`."""

    champion: float
    challenger: float
    rows: int


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """Champion and challenger on the same rows. `harmless`: True where a harmless line is not flagged.

    `labels`: all labels that the run had, of which the held-out rows are a part; it only says how many more to ask for.
    `found`: labels that hold on a held-out row, True where the model flags them; None where that was not looked at.
    `one_judge`: the share of the held-out labels that the busiest of several judges gave.
    """

    held_out: Costs
    anchors: Passes
    checks: Passes
    identity: Passes
    harmless: Passes
    calibration: Calibration
    labels: int = 0
    found: Passes | None = None
    one_judge: float = 0.0


def judge(evidence: Evidence, rules: GateRules = GateRules()) -> GateVerdict:
    """The verdict, one row a rule, always all of them. The same evidence gives the same verdict.

    Raises ValueError where vectors of one part differ in length or hold no numbers.
    """
    cost, wanted = _cost(evidence, rules)
    rows = (
        cost,
        _recall(evidence.found, rules),
        _judges(evidence.one_judge, rules),
        _suite("anchors", "anchor sentences", evidence.anchors, rules),
        _suite("checks", "behavioural checks", evidence.checks, rules),
        _suite("identity", "sentences about identities", evidence.identity, rules),
        _slices(evidence.identity, rules),
        _false_flags(evidence.harmless, rules),
        _calibration(evidence.calibration, rules),
    )
    return GateVerdict(promote=all(row.met for row in rows), rows=rows, wanted=wanted)


def _cost(evidence: Evidence, rules: GateRules) -> tuple[GateRow, int]:
    """Wrong flags and misses a held-out message, and how many more labels would tell."""
    held_out = evidence.held_out
    count = int((held_out.weights > 0).sum())
    if count < rules.fewest:
        wanted = _labels(rules.fewest - count, evidence)
        reason = f"Not enough labels yet, about {wanted} more: {count} of {rules.fewest} to compare on."
        return GateRow("cost", False, reason), wanted
    if held_out.clusters is not None:
        authors = len(set(held_out.clusters[held_out.weights > 0].tolist()))
        if authors < rules.fewest_authors:
            people = "one person" if authors == 1 else f"{authors} people"
            reason = f"The held-out labels are about messages of {people}; at least {rules.fewest_authors} are needed."
            return GateRow("cost", False, reason), 0
    gain = mean_gain(
        held_out.challenger, held_out.champion, weights=held_out.weights, clusters=held_out.clusters
    )  # costs: what falls is gained
    before, after = (
        float(np.average(each, weights=held_out.weights)) for each in (held_out.champion, held_out.challenger)
    )
    told = f"{_points(before)} wrong of 100 before, {_points(after)} now, on {count} held-out labels"
    if gain.at_least(rules.confidence) > 0:
        return GateRow("cost", True, f"Fewer wrong flags and misses: {told}."), 0
    if gain.value <= 0:
        return GateRow("cost", False, f"Not fewer wrong flags and misses: {told}."), 0
    more = _more_rows(gain, rules)
    wanted = _labels(more, evidence)
    if not 0 < wanted <= MOST_WANTED:
        return GateRow("cost", False, f"Too small a difference to tell from chance: {told}."), 0
    return GateRow("cost", False, f"Not enough labels yet, about {wanted} more: {told}, which may be chance."), wanted


def _recall(found: Passes | None, rules: GateRules) -> GateRow:
    """Fewer wrong flags are not bought with misses: recall did not fall by more than `missed` and chance explain."""
    if found is None or not len(found.champion):
        return GateRow("recall", True, "No held-out message breaks the rules, so none could be lost.")
    gain = mean_gain(found.champion, found.challenger)
    told = f"{_rate(found.champion)} of {gain.count:,} labels that hold found before, {_rate(found.challenger)} now"
    lost = gain.value < -rules.missed and gain.at_most(1 - rules.noise) < 0
    return GateRow("recall", not lost, f"{told}: too many are missed." if lost else f"{told}.")


def _judges(share: float, rules: GateRules) -> GateRow:
    """Who labels the newest examples must not decide alone what the others get."""
    if share <= rules.one_judge:
        return GateRow("judges", True, "The held-out labels are not one person's alone.")
    told = "All" if share >= 1 else f"{100 * share:.0f} % of the"
    return GateRow("judges", False, f"{told} held-out labels come from one person. Others must judge new cases, too.")


def _more_rows(gain: Bootstrapped, rules: GateRules) -> int:
    """Held-out rows that are lacking until the bound of a gain of this size lies above zero.

    The bound's distance from the gain shrinks with the root of the rows.
    """
    distance = gain.value - gain.at_least(rules.confidence)
    return max(1, math.ceil(gain.count * ((distance / gain.value) ** 2 - 1)))


def _labels(rows: int, evidence: Evidence) -> int:
    """Labels to ask for so that about `rows` more are held out, rounded up to tens."""
    held_out = max(1, len(evidence.held_out.weights))
    share = min(1.0, held_out / evidence.labels) if evidence.labels else 1.0
    return 10 * math.ceil(rows / share / 10)


def _suite(rule: str, what: str, passes: Passes, rules: GateRules) -> GateRow:
    """Not inferior by `margin`: the cautious bound of the gain in passes lies above it."""
    if not len(passes.champion):
        return GateRow(rule, False, f"No {what} were measured, so nobody knows what it forgot.")
    gain = mean_gain(passes.champion, passes.challenger)
    worst = gain.at_least(rules.confidence)
    told = f"{_rate(passes.champion)} right of {gain.count:,} {what} before, {_rate(passes.challenger)} now"
    if worst >= -rules.margin:
        return GateRow(rule, True, f"{told}.")
    if gain.value >= -rules.margin:
        return GateRow(
            rule,
            False,
            f"{told}; it may have lost {_points(-worst)} points, at most {_points(rules.margin)} are allowed.",
        )
    return GateRow(rule, False, f"{told}: a loss of more than {_points(rules.margin)} points.")


def _slices(identity: Passes, rules: GateRules) -> GateRow:
    """No single identity pays for the rest.

    One slice holds some 40 sentences, so a single flip is more than the margin. A slice fails when it lost more than
    the margin and the noise that the flips of all slices together explain (the normal bound, for so many slices at
    once after Bonferroni).
    """
    if not identity.slices:
        return GateRow("identities", False, "Which identity a sentence is about was not told, so none can be compared.")
    gains = np.asarray(identity.challenger, float) - np.asarray(identity.champion, float)
    names, numbers = np.unique(np.array(identity.slices), return_inverse=True)
    counts = np.bincount(numbers)
    by_slice = np.bincount(numbers, weights=gains) / counts
    sure = NormalDist().inv_cdf(1 - rules.noise / len(names))
    allowed = rules.margin + sure * math.sqrt(float((gains**2).mean())) / np.sqrt(counts)
    worst = int(np.argmin(by_slice + allowed))
    if by_slice[worst] + allowed[worst] >= 0:
        return GateRow("identities", True, f"None of {len(names)} identities lost more than chance explains.")
    lost = _points(-float(by_slice[worst]))
    about = names[worst] or "nobody in particular"
    return GateRow("identities", False, f"Sentences about {about} lost {lost} points, more than chance explains.")


def _false_flags(harmless: Passes, rules: GateRules) -> GateRow:
    """Not up, apart from what chance explains and never by more than `cap`."""
    if not len(harmless.champion):
        return GateRow("false_flags", False, "No harmless lines were measured, so nobody knows whom it would accuse.")
    gain = mean_gain(harmless.champion, harmless.challenger)
    allowed = min(rules.cap, NormalDist().inv_cdf(1 - rules.noise) * gain.error)
    before, after = (int((~np.asarray(each, bool)).sum()) for each in (harmless.champion, harmless.challenger))
    told = f"{before} of {gain.count:,} harmless lines flagged before, {after} now"
    met = -gain.value <= allowed
    return GateRow("false_flags", met, f"{told}." if met else f"More false flags: {told}.")


def _calibration(found: Calibration, rules: GateRules) -> GateRow:
    """The calibration error is not up by more than two equally good models differ."""
    if found.rows < 1:
        return GateRow("calibration", False, "Calibration was not measured.")
    told = f"scores are off by {_points(found.champion)} points before, {_points(found.challenger)} now"
    met = found.challenger - found.champion <= rules.ece_noise / math.sqrt(found.rows)
    return GateRow("calibration", met, f"On average {told}." if met else f"Its scores mean less: {told}.")


def _points(share: float) -> str:
    return f"{100 * share:.1f}"


def _rate(passes: np.ndarray) -> str:
    return f"{100 * float(np.mean(passes)):.1f} %"
