"""Audits: a few unflagged messages a day are put before moderators, so that what the model misses can be counted."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from bot.core.audits import AuditBatch, Draw
from bot.core.cases import NewCase, VerdictKind, Vote
from bot.core.events import IncomingMessage, Person
from bot.core.feedback import answers
from bot.core.policy import Decision
from bot.core.sampling import (
    Volume,
    drawn,
    expected_volume,
    highest,
    inclusion_probability,
    limits_of,
    standing_of,
)
from bot.errors import BoardUnavailable, NotAllowed
from bot.flow.cards import CardDesk
from bot.flow.ports import AuditBoard, Clock
from bot.store.audits import AuditStore
from bot.store.cases import CaseStore
from bot.store.guilds import GuildStore
from bot.store.labels import LabelStore
from moderation_model.contract import Prediction

log = structlog.get_logger(__name__)

PLAN_FROM = timedelta(days=7)
"""The draws follow what the channels saw in this time: every day of the week once."""

PLAN_SCORES = 1000
"""So many of the newest scores say how much of the volume lies just under a limit."""

PLANNED_FOR = timedelta(hours=1)

WAIT = timedelta(hours=20)
"""A drawn line waits so long for others before it is put on a card: about one round a day."""

DONE = "This audit is already answered."
OVER = "The texts of this audit were kept for their time and are gone. The next audit comes within a day."
OWN = "Line {number} is your own message, and nobody judges their own. Please ask another moderator."


class Audit:
    """Draws messages, puts them on cards, and turns answers into cases with verdicts."""

    def __init__(
        self,
        *,
        board: AuditBoard,
        guilds: GuildStore,
        audits: AuditStore,
        cases: CaseStore,
        labels: LabelStore,
        desk: CardDesk,
        clock: Clock,
        text_days: int,
    ) -> None:
        self._board = board
        self._guilds = guilds
        self._audits = audits
        self._cases = cases
        self._labels = labels
        self._desk = desk
        self._clock = clock
        self._text_kept = timedelta(days=text_days)
        self._volumes: dict[int, tuple[datetime, Volume]] = {}
        self._turn = asyncio.Lock()

    async def consider(self, message: IncomingMessage, predictions: Sequence[Prediction], decision: Decision) -> None:
        """Draw the message for checking, or most often do not. Raises StoreUnavailable.

        Only what opened no case and what the model could read; nothing in a guild whose cards have no place to go.
        """
        rules = await self._guilds.get(message.guild_id)
        if decision.opens is not None or rules.review_channel_id is None or not rules.audit_a_day:
            return
        limits = limits_of(message, predictions, rules)
        standing = standing_of(highest(predictions), limits)
        if standing is None:
            return
        volume = await self._volume(message.guild_id, limits)
        probability = inclusion_probability(standing.score, standing.limit, volume, rules.audit_a_day)
        if not drawn(message.message_id, probability, self._audits.seed, revision=message.revision):
            return
        now = self._clock.now()
        opened = replace(decision, opens="audit")
        case = NewCase.of(message, predictions, opened, opened_at=now, text_expires_at=now + self._text_kept)
        await self._audits.keep(replace(case, inclusion_probability=probability), standing)

    async def _volume(self, guild_id: int, limits: Mapping[str, float]) -> Volume:
        """What the guild's channels are expected to see, planned anew every hour."""
        now = self._clock.now()
        planned = self._volumes.get(guild_id)
        if planned is None or not now - PLANNED_FOR < planned[0] <= now:
            seen = await self._audits.seen(guild_id, since=now - PLAN_FROM, newest=PLAN_SCORES)
            days = max(1.0, (now - (seen.first or now)) / timedelta(days=1))
            standings = [standing for scores in seen.scores if (standing := standing_of(scores, limits))]
            planned = self._volumes[guild_id] = (now, expected_volume(seen.messages / days, standings))
        return planned[1]

    async def run(self) -> int:
        """Drop texts whose time is over, put what has waited long enough on cards; how many cards were posted."""
        now = self._clock.now()
        dropped = await self._audits.expire(now)
        for guild_id in await self._audits.due(drawn_before=now - WAIT):
            await self._audits.make_batches(guild_id, at=now)
        posted = await self._post(await self._audits.without_card())
        await self._take_off()
        for batch in await self._audits.unscrubbed():
            await self._scrub(batch)
        log.info("audits", cards=posted, texts_dropped=dropped)
        return posted

    async def drop(self, *, guild_id: int, message_ids: Collection[int]) -> int:
        """These messages were deleted, or their author wants them gone: so do they here, and from the cards; how many
        waited.
        """
        dropped = await self._audits.drop(guild_id=guild_id, message_ids=message_ids)
        if dropped:
            await self._take_off()
        return dropped

    async def drop_author(self, *, guild_id: int, author_id: int) -> int:
        """The same for everything of one member that waits."""
        waiting = await self._audits.of_author(guild_id=guild_id, author_id=author_id)
        return await self.drop(guild_id=guild_id, message_ids=[draw.case.message_id for draw in waiting])

    async def _take_off(self) -> None:
        """Show the cards anew that still hold a line which was dropped; what cannot be reached is tried by `run`."""
        async with self._turn:
            for batch in await self._audits.with_dropped():
                if not batch.draws:
                    await self._audits.set_over(batch_id=batch.batch_id, at=self._clock.now())
                    await self._scrub(await self._audits.get(guild_id=batch.guild_id, batch_id=batch.batch_id))
                elif batch.card is not None:
                    try:
                        await self._board.show_audit(batch, channel_id=batch.card.channel_id)
                    except BoardUnavailable as error:
                        log.warning("line_stays", batch_id=batch.batch_id, why=type(error).__name__)
                        continue
                    await self._audits.leave(batch_id=batch.batch_id)

    async def batch(self, guild_id: int) -> int:
        """Put everything that waits in the guild on cards now, ten lines to a card; how many cards were posted."""
        await self._audits.make_batches(guild_id, at=self._clock.now())
        return await self._post([each for each in await self._audits.without_card() if each.guild_id == guild_id])

    async def answer(self, *, guild_id: int, batch_id: int, bad: Collection[int], moderator: Person) -> str:
        """The lines with the draw ids in `bad` break the rules, the others are fine; the sentence for the moderator.

        Raises CaseNotFound and NotAllowed. What fails half-way can be answered again.
        """
        async with self._turn:
            batch = await self._audits.get(guild_id=guild_id, batch_id=batch_id)
            _check(batch, moderator)
            for draw in batch.draws:
                await self._judge(draw, "breaks_rules" if draw.draw_id in bad else "fine", moderator)
            await self._audits.set_answered(batch_id=batch_id, by=moderator.user_id, at=self._clock.now())
            batch = await self._audits.get(guild_id=guild_id, batch_id=batch_id)
            await self._scrub(batch)
        return _said(batch)

    async def _judge(self, draw: Draw, verdict: VerdictKind, moderator: Person) -> None:
        now = self._clock.now()
        case, _ = await self._cases.open(replace(draw.case, opened_at=now), ())
        if case.opened_why != "audit" and case.state == "closed" and case.votes:
            # Reported since it was drawn and decided on its own card: that answer stands, whoever gave it.
            await self._audits.set_case(draw_id=draw.draw_id, case_id=case.case_id)
            return
        vote = Vote(
            case_id=case.case_id,
            moderator_id=moderator.user_id,
            verdict=verdict,
            labels=answers(verdict, case.reasons),
            model_version=case.model_version,
            at=now,
        )
        await self._labels.vote(vote, scores=case.scores or {})
        await self._cases.close(case_id=case.case_id, at=now, text_until=now + self._text_kept)
        await self._audits.set_case(draw_id=draw.draw_id, case_id=case.case_id)
        if verdict == "breaks_rules" or case.card is not None:
            # What was missed gets a card: there it can be acted on, and its labels can be named.
            self._desk.enqueue(guild_id=case.guild_id, case_id=case.lead_id or case.case_id)

    async def _post(self, batches: Sequence[AuditBatch]) -> int:
        posted = 0
        for waiting in batches:
            rules = await self._guilds.get(waiting.guild_id)
            if rules.review_channel_id is None or not waiting.draws:
                continue  # no place to go, or nothing that could be read
            async with self._turn:
                try:
                    card = await self._board.show_audit(waiting, channel_id=rules.review_channel_id)
                except BoardUnavailable as error:
                    # The batch stays without a card in the database; the next run posts it.
                    log.warning("audit_not_posted", batch_id=waiting.batch_id, why=type(error).__name__)
                    continue
                await self._audits.set_card(batch_id=waiting.batch_id, card=card)
            posted += 1
        return posted

    async def _scrub(self, batch: AuditBatch) -> None:
        """Show on the batch's card how it ended, without its texts."""
        if batch.card is None:
            return
        try:
            await self._board.show_audit(batch, channel_id=batch.card.channel_id)
        except BoardUnavailable as error:
            # Its answers stand; the next run takes the texts off.
            log.warning("audit_not_scrubbed", batch_id=batch.batch_id, why=type(error).__name__)
            return
        await self._audits.set_scrubbed(batch_id=batch.batch_id)


def _check(batch: AuditBatch, moderator: Person) -> None:
    """Raises NotAllowed where the batch is over or holds a message of the moderator's own."""
    if batch.state != "open":
        raise NotAllowed(DONE if batch.state == "answered" else OVER)
    for number, draw in enumerate(batch.draws, start=1):
        if draw.case.author_id == moderator.user_id:
            raise NotAllowed(OWN.format(number=number))


def _said(batch: AuditBatch) -> str:
    bad = batch.bad_case_ids
    if not bad:
        return "Recorded: none of these lines breaks the rules. Thank you."
    named = ", ".join(str(case_id) for case_id in bad)
    one = len(bad) == 1
    return (
        f"Recorded: {len(bad)} of {batch.lines} {'breaks' if one else 'break'} the rules "
        f"({'case' if one else 'cases'} {named}). {'Its card follows' if one else 'Their cards follow'}."
    )
