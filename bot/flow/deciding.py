"""What a moderator does about a case beside judging it: actions, a second opinion, notes.

Record, act, record: the action's row exists before anything is done to anybody, and how it ended is written down.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import structlog

from bot.core.actions import BY_PEOPLE, Action, Delete, ResetNickname
from bot.core.cases import Background, Case, Note, VerdictKind
from bot.core.events import Person
from bot.core.policy import KEYWORD, headline, spec_of
from bot.errors import BotError, NotAllowed
from bot.flow.background import background_of
from bot.flow.gone import Gone
from bot.flow.ports import Clock, ModelService
from bot.flow.review import Reply, Review
from bot.flow.telling import Deed, Telling
from bot.store.cases import CaseStore
from bot.store.guilds import GuildStore
from bot.store.notes import NoteStore
from bot.store.under_way import UnderWay
from moderation_model.pictures import ShapPicture, alt

log = structlog.get_logger(__name__)

LONGEST_NOTE = 1000

DONE_SENTENCES = {
    "delete": ("The message is deleted.", "{number} messages are deleted."),
    "timeout": ("The author is timed out.", "{number} authors are timed out."),
    "ban": ("The author is banned.", "{number} authors are banned."),
    "kick": ("The author is kicked.", "{number} authors are kicked."),
    "warn": ("The author is warned.", "{number} authors are warned."),
    "reset_nickname": ("The nickname is reset.", "{number} nicknames are reset."),
}
NOUNS = {
    "delete": "deletion",
    "timeout": "timeout",
    "ban": "ban",
    "kick": "kick",
    "warn": "warning",
    "reset_nickname": "reset of the nickname",
}


def chosen(action: Action, group: Sequence[Case]) -> list[Case]:
    """The cases of one card on which a moderator's `action` is performed.

    Every message is deleted, every author timed out once; only the author of the card's own case (the last) is put out.
    Raises NotAllowed where there is no message to delete, or no nickname to reset.
    """
    if isinstance(action, Delete) and any(case.subject != "message" for case in group):
        raise NotAllowed("This case is about a name, and there is no message to delete.")
    if isinstance(action, ResetNickname) and any(case.subject != "nickname" for case in group):
        raise NotAllowed("This case is not about a nickname.")
    if isinstance(action, Delete):
        return list(group)
    if isinstance(action, BY_PEOPLE):
        return list(group[-1:])
    by_author = {case.author_id: case for case in group}
    return list(by_author.values())


@dataclass(slots=True)
class _Tally:
    """How an action went over the cases of one card. `deeds`: done now; `reached`: now or by somebody before."""

    deeds: list[Deed] = field(default_factory=list)
    reached: int = 0
    problems: list[str] = field(default_factory=list)

    def sentences(self, action: Action) -> list[str]:
        one, many = DONE_SENTENCES[action.kind]
        done = len(self.deeds)
        said = [one if done == 1 else many.format(number=done)] if done else []
        if self.reached and not done and not self.problems:
            said.append("That was done already.")
        for why in dict.fromkeys(self.problems):
            number = self.problems.count(why)
            what = f"The {NOUNS[action.kind]} was not possible"
            if number > 1 or done:
                what += f" for {number} of them"
            said.append(f"{what}: {why}.")
        return said


class Deciding:
    """Actions that people choose on a card. Every method raises CaseNotFound and NotAllowed."""

    def __init__(
        self,
        *,
        model: ModelService,
        review: Review,
        telling: Telling,
        gone: Gone,
        guilds: GuildStore,
        cases: CaseStore,
        under_way: UnderWay,
        notes: NoteStore,
        clock: Clock,
    ) -> None:
        self._model = model
        self._review = review
        self._telling = telling
        self._gone = gone
        self._guilds = guilds
        self._cases = cases
        self._under_way = under_way
        self._notes = notes
        self._clock = clock

    async def background(self, case: Case) -> Background:
        """What the case's card says beside the case."""
        return await background_of(case, await self._guilds.get(case.guild_id), self._cases)

    async def picture(self, *, guild_id: int, case_id: int) -> tuple[bytes, str]:
        """The SHAP values of the case's words as PNG, and what the picture shows in words. Raises ModelError."""
        case = await self._review.case(guild_id=guild_id, case_id=case_id)
        if case.explanation is None:
            raise NotAllowed("There are no SHAP values for this case, or they are no longer kept.")
        picture = ShapPicture.of(case.explanation, label=spec_of(case.explanation.label).title)
        return await self._model.picture(picture), alt(picture)

    async def act(
        self, *, guild_id: int, case_id: int, moderator: Person, action: Action, on: Collection[int] | None = None
    ) -> Reply:
        """Do it on the card's cases (`chosen`) and record that they break the rules, which closes them.

        `on`: the cases on which this moderator may; the verdict holds for the others, too. None: all of them. Where it
        could be done to nobody, only that is recorded and the case stays as it was.
        """
        group = await self._review.group(guild_id=guild_id, case_id=case_id, moderator=moderator)
        tally = _Tally()
        for case in chosen(action, [case for case in group if on is None or case.case_id in on]):
            await self._perform(case, action, moderator, tally)
        said = [*tally.sentences(action), *await self._telling.acted(tally.deeds, by=moderator.name)]
        if not tally.reached:
            return await self._review.reply(guild_id, case_id, said)
        if group[-1].state == "closed" and any(
            vote.moderator_id == moderator.user_id and vote.verdict == "breaks_rules" for vote in group[-1].votes
        ):
            # Said before, perhaps with labels chosen by hand: they stay.
            return await self._review.reply(guild_id, case_id, said)
        reply = await self._review.vote(guild_id=guild_id, case_id=case_id, moderator=moderator, verdict="breaks_rules")
        return Reply(" ".join([*said, reply.sentence]), reply.case)

    async def _perform(self, case: Case, action: Action, moderator: Person, tally: _Tally) -> None:
        record = await self._cases.add_action(
            case_id=case.case_id, action=action, by=moderator.user_id, at=self._clock.now()
        )
        if record is None:
            tally.reached += 1
            return
        with self._under_way.working([record.action_id]):
            reason = await self._reason(case, moderator)
            outcome = await self._telling.perform(case, record.action, reason=reason)
            await self._cases.settle_action(
                action_id=record.action_id, state=outcome.state, detail=outcome.detail, at=self._clock.now()
            )
        log.info("action", case_id=case.case_id, action=action.kind, state=outcome.state, by=moderator.user_id)
        tally.deeds += [Deed(case, (record.action,))] if outcome.state == "done" else []
        tally.reached += outcome.state == "done" or outcome.already
        if isinstance(action, Delete) and outcome.already:
            await self._gone.note(case)
        if outcome.state != "done":
            tally.problems.append((outcome.detail or outcome.state).rstrip("."))

    async def _reason(self, case: Case, moderator: Person) -> str:
        """What Discord's audit log says: the case, who confirmed it, and the guild's own name of the rule."""
        reason = f"case {case.case_id}, confirmed by {moderator.name}"
        label = headline(case.reasons).label if case.reasons else KEYWORD
        rule = None if label == KEYWORD else (await self._guilds.get(case.guild_id)).rule(label).rule_name
        return f"{reason}: {rule}" if rule else reason

    async def second_opinion(self, *, guild_id: int, case_id: int, moderator: Person, verdict: VerdictKind) -> Reply:
        """Keep the moderator's own answer and leave the case open, marked for another moderator."""
        group = await self._review.group(guild_id=guild_id, case_id=case_id, moderator=moderator)
        if group[-1].state == "closed":
            raise NotAllowed("This case is already decided. Press Change to look at it again.")
        for case in group:
            await self._review.record_vote(case, moderator, verdict)
        await self._cases.ask_second_opinion(case_id=case_id, by=moderator.user_id)
        said = "Your answer is kept, and shown once the case is decided. The case stays open for another moderator."
        return await self._review.reply(guild_id, case_id, [said])

    async def note(self, *, guild_id: int, case_id: int, moderator: Person, text: str) -> Reply:
        """Keep a note on the case, for the moderators alone. Raises BotError for an empty or too long one."""
        text = text.strip()
        if not text:
            raise BotError("The note is empty.")
        if len(text) > LONGEST_NOTE:
            raise BotError(f"A note may have at most {LONGEST_NOTE} characters.")
        case = (await self._review.group(guild_id=guild_id, case_id=case_id, moderator=moderator))[-1]
        new = await self._notes.add(case_id=case.case_id, note=Note(moderator.user_id, text, self._clock.now()))
        said = "The note is on the card." if new else "That note is on the card already."
        return await self._review.reply(guild_id, case_id, [said])
