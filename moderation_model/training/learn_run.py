"""One whole run: examples in, a challenger beside the champion, and the gate's verdict with everything behind it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from moderation_model import registry
from moderation_model.backends.devices import pick_device
from moderation_model.backends.ours import load
from moderation_model.bulk import Known
from moderation_model.checks.anchors import anchor_sentences
from moderation_model.compare import Compared, Limits, Side, compare
from moderation_model.gate import GateRules, judge
from moderation_model.learning import GateRow, GateVerdict, RunOrder, RunResult
from moderation_model.training.adapt import adapt
from moderation_model.training.dataset import TUNE
from moderation_model.training.examples import Parts, parts_of, rows_of
from moderation_model.training.guild_limits import FEWEST_KNOWN, guild_limits

Say = Callable[[str], None]
Stage = Callable[[str, int, int], None]

DIGEST = "digest"
GOING_ON = "Going on with the run that was interrupted."
BEGINS_ANEW = "The interrupted run had other examples, another champion or another mode, so this one begins anew."
FEWEST = 40
"""Examples that may be trained on; with fewer nothing is tried."""


def learn(order: RunOrder, *, champion: Path, work: Path, out: Path, say: Say, stage: Stage) -> RunResult:
    """Trains, compares and judges; the new model lies in `out` then, which must be `work/model`.

    A run that was killed goes on from its checkpoints where the rows, rebuilt, are the same to the bit, else it begins
    again. Where too few may be trained on, the champion may still get other limits (the result names it as its own
    challenger). Too few examples are no error: the verdict says how many are wanted. Raises a `ModelError`.
    """
    started = time.monotonic()
    stage("examples", 0, 1)
    parts = parts_of(order.examples, judge_share=order.judge_share)
    version = str(registry.read_manifest(champion)["version"])
    say(f"{len(parts.train)} examples to train on, {len(parts.tune)} to watch, {len(parts.test)} held out")
    if len(parts.train) + len(parts.tune) < FEWEST:
        return _limits_alone(order, parts, champion, started, stage) or _too_few(parts, version)
    resume = _same_rows(work, f"{version} {order.mode} {order.seed} {parts.digest}", say)
    adapt(
        champion,
        rows_of(parts.train),
        rows_of(parts.tune, part=TUNE),
        mode=order.mode,
        seed=order.seed,
        out=out.parent,
        say=say,
        tick=lambda step, steps: stage("training", step, steps),
        resume=resume,
    )
    before, after = _sides(order, parts, Known(load(champion)), Known(load(out)))
    compared = _compared(order, parts, before, after, stage)
    return _result(parts, before, after, compared=compared, minutes=_minutes(started))


def _limits_alone(order: RunOrder, parts: Parts, champion: Path, started: float, stage: Stage) -> RunResult | None:
    """The champion itself with other limits: scores and verdicts alone may always be learned from.

    None where the verdicts choose no other limit, or where there are too few of them.
    """
    if len(parts.limits) < FEWEST_KNOWN or not parts.test:
        return None
    known = Known(load(champion))
    before, after = _sides(order, parts, known, known)
    if after.limits == before.limits:
        return None
    compared = _compared(order, parts, before, after, stage)
    untrained = replace(
        parts, learned=replace(parts.learned, by_source={}, largest_share=0.0), digest="", trained_on=()
    )
    return _result(untrained, before, after, compared=compared, minutes=_minutes(started))


def _result(parts: Parts, before: Side, after: Side, *, compared: Compared, minutes: float) -> RunResult:
    return RunResult(
        champion=before.info.version,
        challenger=after.info.version,
        verdict=judge(compared.evidence, GateRules()),
        differences=compared.differences,
        flips=compared.flips,
        learned=parts.learned,
        limits=after.limits,
        changes=compared.changes,
        before=compared.before,
        after=compared.after,
        held_out=len(parts.test),
        trained_on=parts.trained_on,
        digest=parts.digest,
        minutes=minutes,
        device=pick_device("auto"),
    )


def _minutes(started: float) -> float:
    return (time.monotonic() - started) / 60


def _sides(order: RunOrder, parts: Parts, champion: Known, challenger: Known) -> tuple[Side, Side]:
    """The champion at the limits in force, the challenger at those that are proposed for it.

    Servers without an example have their limits fitted to the new model's scores as well, since it will serve them.
    """
    shipped = champion.classifier.info.thresholds
    guilds = sorted({*order.limits, *(each.guild for each in order.examples)})
    current: Limits = {guild: {**shipped, **order.limits.get(guild, {})} for guild in guilds}
    neutral = [sentence.text for sentence in anchor_sentences()]
    limits = guild_limits(
        parts.limits,
        challenger.score([each.text for each in parts.limits]).scores,
        labels=challenger.classifier.info.labels,
        current=current,
        champion=champion.score(neutral).scores,
        challenger=challenger.score(neutral).scores,
        goals=lambda guild: order.goals.get(guild, order.goal_precision),
    )
    return Side(champion, current), Side(challenger, limits)


def _compared(order: RunOrder, parts: Parts, before: Side, after: Side, stage: Stage) -> Compared:
    return compare(
        before,
        after,
        parts.test,
        labels=len(order.examples),
        one_judge=parts.one_judge,
        tick=lambda done, every: stage("comparing", done, every),
    )


def _same_rows(work: Path, digest: str, say: Say) -> bool:
    """Whether `work` holds checkpoints of exactly these rows; what it holds of others is no use."""
    path = work / DIGEST
    before = path.read_text("utf-8") if path.is_file() else None
    if before is not None:
        same = before == digest
        say(GOING_ON if same else BEGINS_ANEW)
    path.write_text(digest, "utf-8")
    return before == digest


def _too_few(parts: Parts, version: str) -> RunResult:
    there = len(parts.train) + len(parts.tune)
    lacking = FEWEST - there
    reason = f"Not enough examples yet, about {lacking} more: {there} may be trained on."
    return RunResult(
        champion=version,
        challenger=None,
        verdict=GateVerdict(promote=False, rows=(GateRow("examples", False, reason),), wanted=lacking),
        learned=parts.learned,
        held_out=len(parts.test),
    )
