"""A replayed limit says what it would have hit, by channel, with what moderators already know."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.core.cases import Answer, VerdictKind
from bot.store.database import Database
from bot.store.replaying import ChannelHits, ReplayStore
from bot.store.stats import Span
from tests.builders import CHANNEL, GUILD, NOON, message, prediction
from tests.store.test_stats import Records

WEEK = Span(GUILD, NOON - timedelta(days=7), NOON + timedelta(hours=1))
OTHER = CHANNEL + 1


async def scored(records: Records, insult: float, *, channel_id: int = CHANNEL) -> None:
    """The message of the newest case gets its score."""
    said = message(message_id=records.last, channel_id=channel_id)
    await records.predictions.record(said, [prediction({"insult": insult})], at=NOON)


async def judged(records: Records, verdict: VerdictKind, answer: Answer | None, insult: float = 0.9) -> None:
    case_id = await records.case()
    await records.vote(case_id, verdict, {"insult": answer} if answer else {})
    await scored(records, insult)


async def test_hits_are_split_by_what_moderators_said(db: Database) -> None:
    records = Records(db)
    await judged(records, "breaks_rules", "right")
    await judged(records, "breaks_rules", "missing")
    await judged(records, "fine", "wrong")
    await judged(records, "fine", None)
    await judged(records, "breaks_rules", "right", insult=0.5)
    records.last += 1
    await scored(records, 0.85)

    assert await ReplayStore(db).hits(WEEK, label="insult", limit=0.85) == [ChannelHits(CHANNEL, 2, 1, 2)]


async def test_a_message_that_is_fine_is_wrong_for_the_labels_that_it_was_flagged_for_alone(db: Database) -> None:
    records = Records(db)
    case_id = await records.case()
    await records.vote(case_id, "fine", {"insult": "unknown", "toxic": "wrong"})
    await scored(records, 0.9)

    assert await ReplayStore(db).hits(WEEK, label="insult", limit=0.85) == [ChannelHits(CHANNEL, 0, 0, 1)]


async def test_the_channel_with_the_most_hits_comes_first(db: Database) -> None:
    records = Records(db)
    for channel_id in (CHANNEL, OTHER, OTHER):
        records.last += 1
        await scored(records, 0.9, channel_id=channel_id)

    found = await ReplayStore(db).hits(WEEK, label="insult", limit=0.8)

    assert found == [ChannelHits(OTHER, 0, 0, 2), ChannelHits(CHANNEL, 0, 0, 1)]


async def test_what_lies_outside_the_period_does_not_count(db: Database) -> None:
    records = Records(db)
    records.last += 1
    await scored(records, 0.9)

    before = replace(WEEK, until=NOON - timedelta(days=3))
    assert await ReplayStore(db).hits(before, label="insult", limit=0.8) == []
    assert await ReplayStore(db).hits(replace(WEEK, guild_id=GUILD + 1), label="insult", limit=0.8) == []


async def test_another_label_is_not_hit(db: Database) -> None:
    records = Records(db)
    records.last += 1
    await scored(records, 0.9)

    assert await ReplayStore(db).hits(WEEK, label="no_such_label", limit=0.01) == []
