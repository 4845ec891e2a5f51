"""What a training run learns from: everything that people said, without those whose answers do not count.

An administrator may have dropped a moderator; verdicts that contradict everybody else's wait for an administrator.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.core.agreement import agreement
from bot.core.influence import Contradiction, Judgement, contradictions
from bot.core.keywords import hide_words
from bot.flow.ports import Clock, LearnService
from bot.store.guilds import GuildStore
from bot.store.lessons import JudgeDecision, LessonStore
from bot.store.teaching import TeachingStore
from moderation_model.learning import Example

PAGE = 500


@dataclass(frozen=True, slots=True)
class Collected:
    """`limits`: by guild and label the limits for flags in force. `goals`: by guild the precision wanted. `facts`:
    numbers for the report.
    """

    examples: tuple[Example, ...]
    limits: Mapping[str, Mapping[str, float]]
    goals: Mapping[str, float]
    facts: Mapping[str, float]


class Collecting:
    """Every method raises StoreUnavailable."""

    def __init__(
        self, *, model: LearnService, guilds: GuildStore, lessons: LessonStore, teaching: TeachingStore, clock: Clock
    ) -> None:
        self._model = model
        self._guilds = guilds
        self._lessons = lessons
        self._teaching = teaching
        self._clock = clock

    async def held(self, guild_id: int) -> list[Contradiction]:
        """Moderators of the guild whose verdicts wait for an administrator's word."""
        judgements = (await self._teaching.judgements()).get(guild_id, [])
        return held_back(judgements, await self._lessons.judges(guild_id))

    async def collect(self) -> Collected:
        """All of it, of every guild: one model serves them all. Raises ModelError, too."""
        without, held = await self._left_out()
        examples = [*await self._from_cases(without), *await self._written(without)]
        sources = Counter(example.source for example in examples if example.may_train)
        facts: dict[str, float] = {
            "examples": len(examples),
            "refused": sum(not example.may_train for example in examples),
            "held_verdicts": sum(each.verdicts for each in held),
            "held_moderators": len(held),
            **{f"from_{source}": number for source, number in sources.items()},
        }
        together = await self._teaching.judged_together()
        kappa = agreement(together)
        if kappa is not None:
            facts |= {"agreement": round(kappa, 3), "judged_together": len(together)}
        guilds = sorted({*(example.guild for example in examples), *map(str, await self._guilds.known())})
        goals = {guild: (await self._guilds.get(int(guild))).goal_precision / 100 for guild in guilds}
        return Collected(tuple(examples), await self._limits(guilds), goals, facts)

    async def new(self, collected: Collected, since: datetime) -> int:
        """How many of them were judged, or written, after that.

        Not the difference of two totals: what is learned from expires, so a total may stay the same for good.
        """
        judged = await self._teaching.judged_since(since)
        written = self._lessons.is_written
        return sum(
            example.at > since.timestamp() if written(example.example_id) else example.example_id in judged
            for example in collected.examples
        )

    async def _left_out(self) -> tuple[dict[int, set[int]], list[Contradiction]]:
        """By guild whose verdicts do not count, and those of them who are only held."""
        without: dict[int, set[int]] = {}
        held: list[Contradiction] = []
        for guild_id, judgements in (await self._teaching.judgements()).items():
            decisions = await self._lessons.judges(guild_id)
            waiting = held_back(judgements, decisions)
            held += waiting
            dropped = {person for person, decision in decisions.items() if decision == "drop"}
            without[guild_id] = dropped | {each.moderator_id for each in waiting}
        return without, held

    async def _from_cases(self, without: Mapping[int, Collection[int]]) -> list[Example]:
        found: list[Example] = []
        after: int | None = 0
        while after is not None:
            page = await self._teaching.examples(now=self._clock.now(), without=without, after=after, limit=PAGE)
            found += page.examples
            after = page.last
        # Words that are fine on a server are hidden from the model there, so it learns without them, too.
        return [
            replace(example, text=hide_words(example.text, (await self._guilds.get(int(example.guild))).fine_words))
            for example in found
        ]

    async def _written(self, without: Mapping[int, Collection[int]]) -> list[Example]:
        gone = {
            (str(guild_id), self._teaching.judge(person)) for guild_id, people in without.items() for person in people
        }
        found: list[Example] = []
        after = 0
        while page := await self._lessons.examples(after=after, limit=PAGE):
            found += [
                example for example in page if not any((example.guild, judge) in gone for judge in example.judges)
            ]
            after = page[-1].example_id
        return found

    async def _limits(self, guilds: Sequence[str]) -> dict[str, dict[str, float]]:
        """A guild's own, else the model's; of all guilds: the limits of each must fit the new model."""
        info = await self._model.info()
        found: dict[str, dict[str, float]] = {}
        for guild in guilds:
            rules = await self._guilds.get(int(guild))
            found[guild] = {name: rules.rule(name).flag_limit(limit) for name, limit in info.thresholds.items()}
        return found


def held_back(judgements: Sequence[Judgement], decisions: Mapping[int, JudgeDecision]) -> list[Contradiction]:
    """Whose verdicts contradict the rest's, without those about whom an administrator has said something.

    The farthest is held first, and then the others are compared without that one: somebody who contradicts everybody
    makes everybody look strange. Of those who are tied nobody can tell who it is, so they are held together.
    """
    allowed = {person for person, decision in decisions.items() if decision == "allow"}
    left = [each for each in judgements if decisions.get(each.moderator_id) != "drop"]
    held: list[Contradiction] = []
    while found := contradictions(left, allowed=allowed):
        first = [each for each in found if each.tied] or found[:1]
        held += first
        people = {each.moderator_id for each in first}
        left = [each for each in left if each.moderator_id not in people]
    return held
