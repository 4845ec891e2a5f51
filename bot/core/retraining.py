"""A training run as people see it: how far it is, what it would change, and what became of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal

from bot.core.cases import CardRef
from bot.core.drift import Drift
from bot.core.guild_rules import GuildRules
from bot.core.lessons import Run
from bot.core.teaching import Shown
from moderation_model.contract import Prediction
from moderation_model.learning import RunPhase, RunResult

KEPT_AFTER = timedelta(days=7)
"""Where nobody presses, the old model stays for good."""
MOST_FLIPS = 5

Standing = Literal["worse", "waits", "used", "kept", "back", "outdated"]
"""`worse`: the gate did not pass it, there is nothing to decide. `outdated`: a newer run has ended."""

STAGES = ("examples", "training", "comparing")
_SHARES = {"examples": (0.0, 0.05), "training": (0.05, 0.8), "comparing": (0.85, 0.15)}
"""By stage where it begins and how much of the whole it takes, about."""

PROGRESS_CHANNEL, PROGRESS_MESSAGE = "progress_channel_id", "progress_message_id"
FORGOTTEN = "forgotten"
"""Of the examples that the new model learned from, how many were withdrawn or deleted since, or may no longer teach."""
REVOKED = "revoked"
"""Of these, messages whose server took its permission back: the model does not serve by itself."""
OVERTAKEN = "overtaken"
"""Another model than the one that the new one was compared with served when the report was posted, or when the new one
would have been taken by itself.
"""
TRIED = "tried"
"""The model server was asked to let the new model serve; what it answered may have been lost."""
FEWER, LOST, NEW = "cards_fewer", "confirmed_lost", "cards_new"
_OWN_LIMIT = "flag_at"
_NO_LIMIT = -1.0
_DRIFT = "drift"
UNKNOWN_NOW, UNKNOWN_BEFORE = "unknown_words", "unknown_words_before"


@dataclass(frozen=True, slots=True)
class RunProgress:
    """Where a run stands. `card`: where that is shown, None before it was."""

    run: Run
    phase: RunPhase
    stage: str = ""
    done: int = 0
    every: int = 0
    card: CardRef | None = None

    @property
    def percent(self) -> int:
        """Of the whole run, about."""
        if self.phase == "done":
            return 100
        begins, takes = _SHARES.get(self.stage, (0.0, 0.0))
        return round(100 * (begins + takes * min(1.0, self.done / self.every if self.every else 0.0)))


@dataclass(frozen=True, slots=True)
class Traffic:
    """Last week's cases under the new model: `fewer` flagged messages would get no card, `lost` of them were confirmed;
    about `new` messages that were not flagged would get one.
    """

    fewer: int
    lost: int
    new: int

    def facts(self) -> dict[str, float]:
        """As numbers of the run."""
        return {FEWER: self.fewer, LOST: self.lost, NEW: self.new}

    @classmethod
    def of(cls, facts: Mapping[str, float]) -> Traffic | None:
        """The inverse of `facts`; None where it was not found out."""
        if not {FEWER, LOST, NEW} <= set(facts):
            return None
        return cls(int(facts[FEWER]), int(facts[LOST]), int(facts[NEW]))


@dataclass(frozen=True, slots=True)
class ShownFlip:
    """A case that one model flags and the other does not, and where it can be looked at. `right`: the new one is."""

    case_id: int
    url: str
    right: bool


@dataclass(frozen=True, slots=True)
class RunReport:
    """What the report says of a run that found a result. `flips`: cases of the server that reads it."""

    run: Run
    result: RunResult
    newest: bool
    flips: tuple[ShownFlip, ...] = ()

    @property
    def better(self) -> bool:
        """Whether the gate passed a new model."""
        return self.result.passed is not None

    @property
    def standing(self) -> Standing:
        """What became of the new model, or what can."""
        if self.run.decision in ("use", "auto"):
            return "used"
        if self.run.decision == "back":
            return "back"
        if not self.better:
            return "worse"
        if self.run.decision == "keep":
            return "kept"
        return "waits" if self.newest else "outdated"

    @property
    def traffic(self) -> Traffic | None:
        """Last week under the new model."""
        return Traffic.of(self.run.facts)


def traffic_of(
    shown: Sequence[Shown], predictions: Sequence[Prediction], rules: GuildRules, limits: Mapping[str, float]
) -> Traffic:
    """What the new model, at its `limits`, makes of the cases of a week."""
    fewer = lost = 0
    new = 0.0
    for case, prediction in zip(shown, predictions, strict=True):
        flags = _flags(prediction, rules, limits)
        if case.flagged and not flags:
            fewer += 1
            lost += case.confirmed
        elif flags and not case.flagged:
            new += case.weight
    return Traffic(fewer, lost, round(new))


def _flags(prediction: Prediction, rules: GuildRules, limits: Mapping[str, float]) -> bool:
    """Whether a label that opens cases reaches its limit: the one proposed, else the model's own."""
    return prediction.readable and any(
        score >= limits.get(name, prediction.thresholds.get(name, 1.1)) and rules.rule(name).opens_case
        for name, score in prediction.scores.items()
    )


def with_limits(rules: GuildRules, limits: Mapping[str, float | None]) -> GuildRules:
    """The rules with these limits for flags; None: the model's own. What follows from higher limits stays."""
    changed = {name: replace(rules.rule(name), flag_at=limit) for name, limit in limits.items()}
    return replace(rules, labels={**rules.labels, **changed})


def limits_as_facts(rules: GuildRules, labels: Sequence[str]) -> dict[str, float]:
    """The guild's own limits for flags as numbers of a run, so that going back restores them."""
    found: dict[str, float] = {}
    for name in labels:
        limit = rules.rule(name).flag_at
        found[f"{_OWN_LIMIT}:{rules.guild_id}:{name}"] = _NO_LIMIT if limit is None else limit
    return found


def limits_from_facts(facts: Mapping[str, float]) -> dict[int, dict[str, float | None]]:
    """By guild and label what `limits_as_facts` kept."""
    found: dict[int, dict[str, float | None]] = {}
    for name, limit in facts.items():
        kind, _, rest = name.partition(":")
        guild_id, _, label = rest.partition(":")
        if kind == _OWN_LIMIT and label:
            found.setdefault(int(guild_id), {})[label] = None if limit == _NO_LIMIT else limit
    return found


def drift_as_facts(found: Drift | None) -> dict[str, float]:
    """How far scores had moved before the run, as a number of it; nothing where there were too few messages."""
    if found is None:
        return {}
    told = {f"{_DRIFT}:{found.label}": round(found.index, 4)}
    if found.words is not None:
        told |= {UNKNOWN_NOW: round(found.words.now.mean, 4), UNKNOWN_BEFORE: round(found.words.before.mean, 4)}
    return told


def drift_from_facts(facts: Mapping[str, float]) -> Drift | None:
    """The inverse of `drift_as_facts`, without unknown words."""
    found = [Drift(name.partition(":")[2], index) for name, index in facts.items() if name.startswith(f"{_DRIFT}:")]
    return found[-1] if found else None


def progress_card(facts: Mapping[str, float]) -> CardRef | None:
    """Where the run's progress is shown."""
    if PROGRESS_MESSAGE not in facts:
        return None
    return CardRef(int(facts[PROGRESS_CHANNEL]), int(facts[PROGRESS_MESSAGE]))


def home_of(run: Run) -> int | None:
    """The server that reads of the run: the one that asked, else the one that taught most."""
    if run.guild_id is not None:
        return run.guild_id
    return int(run.facts["home"]) if "home" in run.facts else None
