"""What people do so that the bot learns, beside judging cases: examples in own words, the permission to train on
messages, and an administrator's word on verdicts that contradict everybody else's.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import structlog

from bot.core.influence import Contradiction
from bot.core.lessons import NewLesson, Permit
from bot.core.teaching import UNTOLD_BY_FINE
from bot.errors import BotError, NotAllowed
from bot.flow.collecting import Collecting
from bot.flow.forgetting import tell
from bot.flow.ports import Clock, LearnService
from bot.store.lessons import JudgeDecision, LessonStore
from bot.store.runs import RunStore
from bot.store.teaching import TeachingStore
from moderation_model.errors import BadRequest, ModelError
from moderation_model.labels import LABEL_NAMES

log = structlog.get_logger(__name__)

LONGEST_EXAMPLE = 1000
LONGEST_FIELD = 300
FINE = "fine"
"""In place of labels: the line breaks no rule."""

COPY = (
    "This is nearly what somebody wrote here, and messages may be trained on only with Discord's permission. Please "
    "say it in words of your own."
)
KNOWN = "This example is there already."
BOTH = "Choose labels, or that it is fine, not both."
WRITTEN = "Thank you. It is example {number} and teaches from the next run on; `/learn withdraw` takes it back."
NO_EXAMPLE = "There is no example {number} on this server, or it was withdrawn before."
NONE_OF_YOURS = (
    "There is no example {number} of yours on this server, or it was withdrawn before. Administrators take back "
    "anybody's."
)
WITHDRAWN = "Example {number} is withdrawn and teaches no more.{stale}"
STALE = " {number} model versions learned from it; they are marked, and the next run does without it."
STALE_ONE = " One model version learned from it; it is marked, and the next run does without it."
NO_PERMIT = "No permission is recorded, so messages of this server are never trained on."
PERMITTED = (
    "Recorded. Messages that moderators judged here may be trained on from the next run on. "
    "`/learn permit revoke:True` takes it back."
)
REVOKED = "The permission is taken back. Runs that begin from now on do not train on messages of this server.{after}"
REVOKED_STALE = " {number} model versions learned from them; they are marked, and stay until a new one serves."
REVOKED_STALE_ONE = " One model version learned from them; it is marked, and stays until a new one serves."
REVOKED_GOING = (
    " The run that goes on, {run_id}, may have begun with them: then its model is marked, its report says so, and it "
    "does not serve by itself."
)
REVOKED_IN_VAIN = (
    "The server's own permission is taken back. Messages here are still trained on: the bot's operator has allowed it "
    "for all servers, or they are a sandbox's."
)
OWN_VERDICTS = "Another administrator decides about your own verdicts."
JUDGED: dict[JudgeDecision, str] = {
    "allow": "The verdicts of <@{moderator_id}> teach like everybody else's.",
    "drop": "The verdicts of <@{moderator_id}> teach no more. They stand on their cases as they are.",
}


class Lessons:
    """Every method raises StoreUnavailable and, with a sentence, BotError."""

    def __init__(
        self,
        *,
        model: LearnService,
        lessons: LessonStore,
        teaching: TeachingStore,
        runs: RunStore,
        collecting: Collecting,
        clock: Clock,
    ) -> None:
        self._model = model
        self._lessons = lessons
        self._teaching = teaching
        self._runs = runs
        self._collecting = collecting
        self._clock = clock
        self._untold: set[int] = set()
        self._told: set[int] = set()

    async def write(self, *, guild_id: int, by: int, text: str, labels: Collection[str]) -> str:
        """Keep an example that a moderator wrote. `labels`: those that hold (others stay unknown), or `FINE` alone."""
        text = text.strip()
        if not text or len(text) > LONGEST_EXAMPLE:
            raise BotError(f"An example has at least one and at most {LONGEST_EXAMPLE} characters.")
        if not labels or (FINE in labels and len(labels) > 1):
            raise BotError(BOTH)
        if await self._teaching.seen_like(guild_id, text):
            raise NotAllowed(COPY)
        known = dict.fromkeys(labels, 1.0)
        if FINE in labels:
            known = {name: 0.0 for name in LABEL_NAMES if name != UNTOLD_BY_FINE}
        lesson = NewLesson(guild_id, "moderator_written", text, known, made_by=by, made_at=self._clock.now())
        if not await self._lessons.add([lesson]):
            raise BotError(KNOWN)
        return WRITTEN.format(number=await self._lessons.number_of(lesson))

    async def withdraw(self, *, guild_id: int, number: int, written_by: int | None = None) -> str:
        """Never learn from that example again, and mark the versions that did. `written_by`: only one of theirs."""
        example_id, now = self._lessons.example_id(number), self._clock.now()
        if not await self._lessons.withdraw(guild_id=guild_id, example_id=example_id, at=now, written_by=written_by):
            raise BotError((NO_EXAMPLE if written_by is None else NONE_OF_YOURS).format(number=number))
        versions = await self.forgotten([example_id])
        stale = "" if not versions else STALE_ONE if len(versions) == 1 else STALE.format(number=len(versions))
        return WITHDRAWN.format(number=number, stale=stale)

    async def forgotten(self, example_ids: Collection[int]) -> Sequence[str]:
        """These examples (cases by their ids) may not teach any more; the versions that learned from one of them.

        Where the model server is away it is told with the next `tell_forgotten`.
        """
        self._untold |= set(example_ids)
        return await self._tell()

    async def told(self, example_ids: Collection[int]) -> bool:
        """Whether the server has heard that these examples may not teach any more, and no run may still be learning
        from them: its model is marked at its end, when their ids must be here.
        """
        await self.forgotten(example_ids)
        return self._untold.isdisjoint(example_ids) and await self._runs.going() is None

    async def tell_forgotten(self) -> None:
        """What the clock asks for: tell the server what it was not told since the start: what was ever withdrawn or
        deleted, and messages whose permission was taken back.
        """
        gone = {*await self._lessons.withdrawn(), *await self._teaching.deleted(), *await self._teaching.revoked()}
        self._untold |= gone - self._told
        await self._tell()

    async def _tell(self) -> Sequence[str]:
        telling = sorted(self._untold)
        if not telling:
            return ()
        try:
            versions = await tell(self._model, telling)
        except BadRequest:
            versions = []  # a server that keeps no versions has none that learned
        except ModelError as error:
            log.warning("not_marked", examples=len(telling), why=type(error).__name__)
            return ()
        self._untold -= set(telling)
        self._told |= set(telling)
        return versions

    async def permit(self, *, guild_id: int, reference: str, scope: str, by: int) -> str:
        """Record Discord's express permission to train on this server's messages."""
        reference, scope = " ".join(reference.split()), " ".join(scope.split())
        if not reference or not scope or max(len(reference), len(scope)) > LONGEST_FIELD:
            raise BotError(
                f"Name the reference and the scope of the permission, each in at most {LONGEST_FIELD} letters."
            )
        await self._lessons.record_permit(guild_id, Permit(reference, scope, by, self._clock.now()))
        log.info("permitted", guild_id=guild_id, by=by)
        return PERMITTED

    async def revoke(self, *, guild_id: int, by: int) -> str:
        """Take the permission back, and mark the versions that learned from messages of this server."""
        if not await self._lessons.revoke_permit(guild_id, by=by, at=self._clock.now()):
            raise BotError(NO_PERMIT)
        log.info("permit_revoked", guild_id=guild_id, by=by)
        if self._teaching.permitted:
            return REVOKED_IN_VAIN
        versions = await self.forgotten(await self._teaching.revoked())
        after = "" if not versions else REVOKED_STALE_ONE if len(versions) == 1 else REVOKED_STALE
        going = await self._runs.going()
        after = after.format(number=len(versions)) + (REVOKED_GOING.format(run_id=going.run_id) if going else "")
        return REVOKED.format(after=after)

    async def permission(self, guild_id: int) -> Permit | None:
        """The permission that holds now."""
        return await self._lessons.permit(guild_id)

    async def held(self, guild_id: int) -> list[Contradiction]:
        """Moderators whose verdicts wait for an administrator's word."""
        return await self._collecting.held(guild_id)

    async def decide_judge(self, *, guild_id: int, moderator_id: int, decision: JudgeDecision, by: int) -> str:
        """An administrator's word on a moderator's verdicts. Raises NotAllowed for one's own."""
        if by == moderator_id:
            raise NotAllowed(OWN_VERDICTS)
        await self._lessons.decide_judge(
            guild_id=guild_id, moderator_id=moderator_id, decision=decision, by=by, at=self._clock.now()
        )
        return JUDGED[decision].format(moderator_id=moderator_id)
