"""The frozen values of learning: examples go in, a run goes on, a verdict on the new model comes out.

Plain Python like `contract.py`: the bot speaks them over HTTP, the training process keeps them in its run folder.
Over 300 lines because whoever speaks to the server about a run finds all of its values, and their checks, in one place.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Literal, get_args

from moderation_model.contract import Figure
from moderation_model.errors import BadRequest
from moderation_model.labels import LABEL_NAMES

Source = Literal["discord_message", "moderator_written", "imported", "sandbox"]
SOURCES: tuple[Source, ...] = get_args(Source)
Mode = Literal["lora", "full", "head"]
MODES: tuple[Mode, ...] = get_args(Mode)
RunPhase = Literal["queued", "running", "done", "failed", "cancelled", "interrupted"]
ENDED: tuple[RunPhase, ...] = ("done", "failed", "cancelled")
"""`interrupted`: its process died; the next start of the server resumes it."""


@dataclass(frozen=True, slots=True)
class Example:
    """A text with known labels, where it comes from, and whether it may be trained on.

    `labels`: the known ones only, 0 or 1. `may_train`: False for what only measures (thresholds, gate). `at`: seconds
    since 1970 of the message. `author`, `thread` and `judges`: keyed hashes or numbers that say "the same" and no more;
    empty where there is none. `inclusion_probability`: how likely it was to be looked at (Horvitz-Thompson weight is
    its inverse). `scores`: what `model_version` gave it at the time.
    """

    example_id: int
    text: str = field(repr=False)
    labels: Mapping[str, float]
    source: Source
    may_train: bool
    at: float
    guild: str = ""
    author: str = ""
    thread: str = ""
    judges: tuple[str, ...] = ()
    weight: float = 1.0
    inclusion_probability: float = 1.0
    model_version: str = ""
    scores: Mapping[str, float] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form of `POST /v1/runs` and of a line of a labels file."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Example:
        """The inverse of `to_dict`. Raises BadRequest with one sentence that never holds the text."""
        try:
            example = cls(
                example_id=int(data["example_id"]),
                text=str(data["text"]),
                labels={str(name): float(value) for name, value in data["labels"].items()},
                source=data["source"],
                may_train=bool(data["may_train"]),
                at=float(data["at"]),
                guild=str(data.get("guild", "")),
                author=str(data.get("author", "")),
                thread=str(data.get("thread", "")),
                judges=tuple(str(judge) for judge in data.get("judges", ())),
                weight=float(data.get("weight", 1.0)),
                inclusion_probability=float(data.get("inclusion_probability", 1.0)),
                model_version=str(data.get("model_version", "")),
                scores={str(name): float(value) for name, value in data.get("scores", {}).items()},
            )
        except (KeyError, TypeError, ValueError, OverflowError, AttributeError) as error:
            raise BadRequest(f"An example does not have the shape of one ({type(error).__name__}).") from None
        example.check()
        return example

    def check(self) -> None:
        """Raises BadRequest with one sentence where a value makes no sense."""
        strange = sorted(set(self.labels) - set(LABEL_NAMES))
        if strange:
            raise BadRequest(f"Example {self.example_id} has labels that do not exist: {', '.join(strange)[:80]}.")
        if any(value not in (0.0, 1.0) for value in self.labels.values()):
            raise BadRequest(f"The labels of example {self.example_id} must be 0 or 1.")
        if not all(map(math.isfinite, (self.at, *self.scores.values()))):
            raise BadRequest(f"The time and the scores of example {self.example_id} must be numbers that end.")
        if self.source not in SOURCES:
            raise BadRequest(f"The source of example {self.example_id} must be one of {', '.join(SOURCES)}.")
        if not 0.0 < self.inclusion_probability <= 1.0:
            raise BadRequest(f"The inclusion probability of example {self.example_id} must lie above 0 and up to 1.")
        if not 0.0 <= self.weight <= 100.0:
            raise BadRequest(f"The weight of example {self.example_id} must lie between 0 and 100.")


@dataclass(frozen=True, slots=True)
class RunOrder:
    """What a run is asked for. `limits`: by guild and label the flag limits in force (a guild's own, else the model's).

    `run_id` is the caller's: the same order sent twice starts one run. `goal_precision`: what the new limits are chosen
    for, unless `goals` says another one for the guild. `judge_share`: the most that one moderator's verdicts may make
    of the training examples, by weight.
    """

    run_id: str
    examples: tuple[Example, ...] = field(repr=False)
    limits: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    mode: Mode = "lora"
    goal_precision: float = 0.95
    goals: Mapping[str, float] = field(default_factory=dict)
    judge_share: float = 0.3
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Difference:
    """Champion and challenger on the same rows, and `gain` = how much better the challenger is, with its interval.

    `gain` is above zero where the challenger is better, whatever the sign of the figure itself.
    """

    name: str
    champion: float
    challenger: float
    gain: Figure


@dataclass(frozen=True, slots=True)
class GateRow:
    """One rule of the gate: whether it is met, and the sentence that says why."""

    rule: str
    met: bool
    reason: str


@dataclass(frozen=True, slots=True)
class GateVerdict:
    """`promote`: every row is met. `rows` in the order of the rules. `wanted`: more labels that are needed, about."""

    promote: bool
    rows: tuple[GateRow, ...]
    wanted: int = 0

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why not: the sentences of the rows that are not met."""
        return tuple(row.reason for row in self.rows if not row.met)


@dataclass(frozen=True, slots=True)
class Flip:
    """An example that one model flags and the other does not. `right`: whether the challenger is right."""

    example_id: int
    label: str
    champion: float
    challenger: float
    right: bool


@dataclass(frozen=True, slots=True)
class LimitChange:
    """One label's limit on one server: the champion's, the one that is proposed for the challenger, and how many
    held-out examples of that server either flags there, rightly and wrongly.
    """

    guild: str
    label: str
    before: float
    after: float
    right_before: int = 0
    wrong_before: int = 0
    right_after: int = 0
    wrong_after: int = 0


@dataclass(frozen=True, slots=True)
class Learned:
    """What a run was trained on, in numbers: examples by source, and how many were refused by reason.

    `largest_share`: of one moderator, by weight, after the cap. `agreement`: kappa, None where nobody judged twice.
    """

    by_source: Mapping[str, int]
    refused: Mapping[str, int]
    largest_share: float
    agreement: float | None = None


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a finished run found. `challenger` is None where nothing could be trained; then `verdict` says why. It is
    the champion itself where nothing may be trained on but the verdicts choose other limits for it.

    `before`/`after`: evaluation on the held-out examples, by label, as `LabelReport` dictionaries. `limits`: by guild
    and label the limits proposed for the challenger; `changes`: what they change. `digest`: of the training rows;
    `trained_on`: their ids.
    """

    champion: str
    challenger: str | None
    verdict: GateVerdict
    differences: tuple[Difference, ...] = ()
    flips: tuple[Flip, ...] = ()
    learned: Learned | None = None
    limits: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    changes: tuple[LimitChange, ...] = ()
    before: tuple[Mapping[str, Any], ...] = ()
    after: tuple[Mapping[str, Any], ...] = ()
    held_out: int = 0
    trained_on: tuple[int, ...] = ()
    digest: str = ""
    minutes: float = 0.0
    device: str = ""

    @property
    def limits_alone(self) -> bool:
        """Whether the model stays and only its limits would change."""
        return self.challenger == self.champion

    @property
    def passed(self) -> str | None:
        """The challenger where the gate passed it."""
        return self.challenger if self.verdict.promote else None

    def on(self, guild: str) -> RunResult:
        """The same as that server may see it: the limits of others are none of its business."""
        return replace(
            self,
            limits={name: limits for name, limits in self.limits.items() if name == guild},
            changes=tuple(each for each in self.changes if each.guild == guild),
        )

    def to_dict(self) -> dict[str, Any]:
        """The JSON form of a finished run."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> RunResult:
        """The inverse of `to_dict`. Raises KeyError, TypeError or ValueError on data of another shape."""
        verdict, learned = data["verdict"], data.get("learned")
        rows = tuple(GateRow(**row) for row in verdict["rows"])
        values = {each.name: data[each.name] for each in fields(cls) if each.name in data}
        values.update(
            verdict=GateVerdict(promote=bool(verdict["promote"]), rows=rows, wanted=int(verdict["wanted"])),
            differences=tuple(
                Difference(**{**each, "gain": Figure.from_dict(each["gain"])}) for each in data.get("differences", ())
            ),
            flips=tuple(Flip(**each) for each in data.get("flips", ())),
            learned=Learned(**learned) if learned else None,
            changes=tuple(LimitChange(**each) for each in data.get("changes", ())),
            before=tuple(data.get("before", ())),
            after=tuple(data.get("after", ())),
            trained_on=tuple(data.get("trained_on", ())),
        )
        return cls(**values)


@dataclass(frozen=True, slots=True)
class RunState:
    """Where a run stands. `done` of `every` steps of `stage` ("examples", "training", "comparing");
    times are seconds since 1970. `log`: the last lines, which never hold a text. `error`: one sentence where it failed.
    """

    run_id: str
    phase: RunPhase
    stage: str = ""
    done: int = 0
    every: int = 0
    started_at: float | None = None
    ended_at: float | None = None
    log: tuple[str, ...] = ()
    error: str | None = None
    result: RunResult | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing more will come."""
        return self.phase in ENDED

    def to_dict(self) -> dict[str, Any]:
        """The JSON form of `GET /v1/runs/{id}`."""
        return {**asdict(self), "result": self.result.to_dict() if self.result else None}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> RunState:
        """The inverse of `to_dict`. Raises KeyError, TypeError or ValueError on data of another shape."""
        result = data.get("result")
        values = {each.name: data[each.name] for each in fields(cls) if each.name in data}
        values.update(log=tuple(data.get("log", ())), result=RunResult.from_dict(result) if result else None)
        return cls(**values)


@dataclass(frozen=True, slots=True)
class VersionInfo:
    """One model version in the registry: its role, when it was made (ISO date), what it grew from, its gate verdict."""

    version: str
    role: Literal["champion", "challenger", "previous", "kept", "shipped"]
    made: str = ""
    parent: str | None = None
    promote: bool | None = None
    stale: Sequence[int] = ()
    """Examples it was trained on that were withdrawn or deleted since."""
    unhealthy: str | None = None
    """Why it was taken out of service, one sentence; None while nothing is wrong with it."""
