"""A rehearsal of learning: moderators who know the truth, one run, and what it brought on lines that nobody judged."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from moderation_model import registry
from moderation_model.backends import BACKENDS, Classifier
from moderation_model.bootstrap import gain_of, mean_gain
from moderation_model.bulk import ACCUSING, Known, score_texts
from moderation_model.compare import Side
from moderation_model.contract import Figure
from moderation_model.learning import Example, Mode, RunOrder, RunResult
from moderation_model.training.learn_run import learn

REPORTED, AUDITED = 0.6, 0.05
"""How many of the missed harmful lines a member reports, and how many of the other unflagged ones are drawn."""


@dataclass(frozen=True, slots=True)
class Held:
    """Shares on held-out lines: harmless ones that are flagged, harmful ones that are, flags that are right."""

    false_flags: float
    recall: float
    precision: float


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """One run and what it brought on held-out lines; `gains` are challenger minus champion, better is above zero."""

    result: RunResult
    before: Held
    after: Held | None
    gains: dict[str, Figure]
    cpu_seconds: float

    def to_dict(self) -> dict[str, Any]:
        """JSON types: the figures, the gate's verdict with its rows, minutes."""
        verdict = self.result.verdict
        return {
            "champion": _rounded(self.before),
            "challenger": None if self.after is None else _rounded(self.after),
            "gains": {
                name: {"value": round(gain.value, 4), "low": round(gain.low, 4), "high": round(gain.high, 4)}
                for name, gain in self.gains.items()
            },
            "promoted": verdict.promote,
            "gate": [{"rule": row.rule, "met": row.met, "reason": row.reason} for row in verdict.rows],
            "suites": {
                each.name: {"champion": round(each.champion, 4), "challenger": round(each.challenger, 4)}
                for each in self.result.differences
            },
            "trained_on": len(self.result.trained_on),
            "held_out_by_the_run": self.result.held_out,
            "minutes": round(self.result.minutes, 2),
            "cpu_seconds": self.cpu_seconds,
        }


def rehearse(
    examples: Sequence[Example],
    texts: Sequence[str],
    harmful: np.ndarray,
    *,
    champion: Path,
    work: Path,
    seed: int,
    say: Callable[[str], None],
    mode: Mode = "lora",
) -> Rehearsed:
    """Runs `learn` on the examples in the folder `work` and measures both models on `texts`. Raises ModelError.

    Each model decides at the limits it would have: the champion at its own, the challenger at those that the run
    proposes. CPU seconds are those of this process, which other programs on the machine do not lengthen.
    """
    started = time.process_time()
    order = RunOrder(f"rehearsal-{seed}", tuple(examples), mode=mode, seed=seed)
    result = learn(order, champion=champion, work=work, out=work / "model", say=say, stage=lambda *_: None)
    seconds = round(time.process_time() - started, 1)
    old = fired(Side(Known(BACKENDS["torch"](champion)), {}), texts)
    before = held(old, harmful)
    if result.challenger is None:
        return Rehearsed(result, before, None, {}, seconds)
    new = fired(Side(Known(BACKENDS["torch"](work / "model")), result.limits), texts)
    return Rehearsed(result, before, held(new, harmful), _gains(old, new, harmful), seconds)


def fired(side: Side, texts: Sequence[str]) -> np.ndarray:
    """(texts,): whether a label that accuses reaches the limit of this side."""
    rows = [Example(0, text, {}, "sandbox", False, 0.0) for text in texts]
    columns = [column for column, name in enumerate(side.info.labels) if name in ACCUSING]
    return np.asarray(side.flags(rows, side.known.score(texts))[:, columns].any(axis=1))


def held(flags: np.ndarray, harmful: np.ndarray) -> Held:
    """The shares; a precision without a flag is NaN."""
    return Held(float(flags[~harmful].mean()), float(flags[harmful].mean()), _precision(flags, harmful))


def verdicts(
    texts: Sequence[str],
    harmful: np.ndarray,
    *,
    classifier: Classifier,
    judges: int,
    seed: int,
    wanted: int,
) -> list[Example]:
    """What moderators get to see and say: every flagged line, most missed ones (reported), a draw of the rest.

    A right flag confirms the labels that fired and says nothing of others, a reported line is `toxic`, and a line that
    is fine has no label that accuses. The moderators (`judges`) take turns. Ids are the places of the lines, from 1;
    the first `wanted`.
    """
    chance = np.random.default_rng(seed)
    scored = score_texts(texts, classifier)
    labels = classifier.info.labels
    found: list[Example] = []
    for row, text in enumerate(texts):
        names = [name for column, name in enumerate(labels) if name in ACCUSING and scored.flagged[row, column]]
        reported, drawn = harmful[row] and chance.random() < REPORTED, chance.random() < AUDITED
        if not (names or reported or drawn):
            continue
        known = dict.fromkeys(names or ["toxic"], 1.0) if harmful[row] else dict.fromkeys(ACCUSING, 0.0)
        judge = f"moderator-{len(found) % judges + 1}"
        scores = {name: float(scored.scores[row, column]) for column, name in enumerate(labels)}
        example = Example(row + 1, text, known, "imported", True, float(row), judges=(judge,), scores=scores)
        found.append(example if names or reported else replace(example, inclusion_probability=AUDITED))
    return found[:wanted]


def version_of(champion: Path) -> str:
    """The champion's name."""
    return str(registry.read_manifest(champion)["version"])


def _gains(old: np.ndarray, new: np.ndarray, harmful: np.ndarray) -> dict[str, Figure]:
    quiet = mean_gain((~old[~harmful]).astype(float), (~new[~harmful]).astype(float))
    recall = mean_gain(old[harmful].astype(float), new[harmful].astype(float))
    found = {"left_alone": quiet.figure(), "recall": recall.figure()}
    if old.any() and new.any():
        found["precision"] = gain_of(
            lambda rows: _precision(new[rows], harmful[rows]) - _precision(old[rows], harmful[rows]), len(harmful)
        ).figure()
    return found


def _precision(flags: np.ndarray, harmful: np.ndarray) -> float:
    return float(harmful[flags].mean()) if flags.any() else float("nan")


def _rounded(shares: Held) -> dict[str, float | None]:
    each = {"false_flags": shares.false_flags, "recall": shares.recall, "precision": shares.precision}
    return {name: None if np.isnan(value) else round(value, 4) for name, value in each.items()}
