"""The shadow stage of a model that the gate passed: what is counted, when it ends, what verdicts on it say. Pure.

The champion decides; the challenger scores the same live messages, and where only one of the two flags, people look.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.core.cases import Flagger
from bot.core.lessons import Run

CHECKED, BOTH, DROPPED = "shadow_checked", "shadow_both", "shadow_dropped"
ONLY: Mapping[Flagger, str] = {"champion": "shadow_only_old", "challenger": "shadow_only_new"}
SINCE, UNTIL, GOAL = "shadow_since", "shadow_until", "shadow_goal"
ENDED, STOPPED, SETTLED = "shadow_ended", "shadow_stopped", "shadow_settled"
"""`STOPPED`: people decided, went back, or a newer run ended, so nothing follows from the stage by itself. `SETTLED`:
what follows from its end has been done."""
BY_ITSELF, AGAINST = "promotes_by_itself", "verdicts_against"
LEAST_CHECKED = 20
"""With fewer checked messages a model does not serve by itself where more were there to check."""


@dataclass(frozen=True, slots=True)
class ShadowRules:
    """How long the stage takes: so many messages or hours, whichever comes first. None of either is no stage."""

    messages: int = 500
    hours: float = 24.0

    @property
    def on(self) -> bool:
        """Whether there is a stage at all."""
        return self.messages > 0 and self.hours > 0

    def begun(self, at: datetime) -> dict[str, float]:
        """A stage that begins then, as numbers of its run."""
        until = at + timedelta(hours=self.hours)
        return {SINCE: at.timestamp(), UNTIL: until.timestamp(), GOAL: self.messages}


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage as its run's numbers tell it. `only_old` and `only_new`: messages that one of the two models alone flags.
    `dropped`: messages that were not looked at because too many waited, or because the model was away.
    """

    since: datetime
    until: datetime
    goal: int
    checked: int
    both: int
    only_old: int
    only_new: int
    dropped: int
    ended: bool
    stopped: bool
    by_itself: bool
    against: bool

    @classmethod
    def of(cls, facts: Mapping[str, float]) -> Stage | None:
        """None where no stage ever began."""
        if SINCE not in facts:
            return None
        number = {name: int(facts.get(name, 0)) for name in (GOAL, CHECKED, BOTH, DROPPED, *ONLY.values())}
        return cls(
            since=datetime.fromtimestamp(facts[SINCE], UTC),
            until=datetime.fromtimestamp(facts[UNTIL], UTC),
            goal=number[GOAL],
            checked=number[CHECKED],
            both=number[BOTH],
            only_old=number[ONLY["champion"]],
            only_new=number[ONLY["challenger"]],
            dropped=number[DROPPED],
            ended=ENDED in facts,
            stopped=STOPPED in facts,
            by_itself=BY_ITSELF in facts,
            against=AGAINST in facts,
        )

    @property
    def checked_enough(self) -> bool:
        """Whether it was checked at all, as far as there was anything to check: where few wrote, few messages do."""
        return self.checked >= min(LEAST_CHECKED, self.goal, self.checked + self.dropped)

    def over(self, now: datetime, rules: ShadowRules) -> bool:
        """Whether it has seen enough, or its time is over; also where the operator wants none any more."""
        return self.checked >= self.goal or now >= self.until or not rules.on


def may_have_stage(run: Run) -> bool:
    """Whether the run found a model that the gate passed and about which nothing is decided."""
    passed = run.result is not None and run.result.passed is not None
    return passed and run.decision is None and ENDED not in run.facts


def serves_by_itself_soon(run: Run) -> bool:
    """Whether the run's model is taken without a press once its stage is over and nothing speaks against that."""
    stage = Stage.of(run.facts)
    waits = stage is not None and stage.by_itself and not stage.stopped and not stage.against
    return waits and SETTLED not in run.facts


def speaks_against(stage: Stage, judged: Collection[tuple[Flagger, bool]]) -> bool:
    """Whether the verdicts on the disagreements say that the challenger is wrong more often than the champion.

    `judged`: of each judged disagreement which model alone flags it, and whether it breaks the rules by the majority
    of its verdicts. The model that flags what is fine is wrong, and so is the one that does not flag what breaks rules.
    Verdicts on either kind of disagreement are scaled up to all of that kind, since of what only the challenger flags
    no more than the first few become cases. A tie does not speak against it, and neither does silence.
    """
    against = 0.0
    for flagger, number in (("champion", stage.only_old), ("challenger", stage.only_new)):
        wrong = [broken is (flagger == "champion") for by, broken in judged if by == flagger]
        if wrong:  # where one model is wrong the other is right
            share = sum(wrong) / len(wrong)
            against += number * (share - (1 - share))
    return against > 0
