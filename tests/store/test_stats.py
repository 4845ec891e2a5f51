"""Statistics count by label, day, channel and week, each judgement once, and nobody by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.core.actions import Action, Delete, Timeout
from bot.core.cases import ActionState, Answer, VerdictKind, Vote
from bot.core.numbers import precision_by_label, recall, response_time
from bot.core.policy import Why
from bot.core.sampling import Standing
from bot.store.audits import AuditStore
from bot.store.cases import CaseStore
from bot.store.database import Database
from bot.store.labels import LabelStore
from bot.store.predictions import PredictionStore
from bot.store.stats import ChannelWeek, Deeds, Span, StatsStore
from moderation_model.contract import Sentiment
from tests.builders import CHANNEL, GUILD, MODEL, NOON, message, new_case, prediction

MONTH = Span(GUILD, NOON - timedelta(days=1), NOON + timedelta(days=30))


class Records:
    """Writes what statistics read; message ids count up."""

    def __init__(self, db: Database) -> None:
        self.cases, self.labels, self.audits = CaseStore(db), LabelStore(db), AuditStore(db)
        self.predictions = PredictionStore(db)
        self.stats = StatsStore(db)
        self.last = 0

    async def case(
        self,
        *,
        at: datetime = NOON,
        why: Why = "flagged",
        guild_id: int = GUILD,
        channel_id: int = CHANNEL,
        lead_id: int | None = None,
        planned: Sequence[Action] = (),
    ) -> int:
        self.last += 1
        new = replace(
            new_case(message_id=self.last, guild_id=guild_id),
            opened_why=why,
            opened_at=at,
            channel_id=channel_id,
            lead_id=lead_id,
        )
        return (await self.cases.open(new, planned))[0].case_id

    async def vote(
        self,
        case_id: int,
        verdict: VerdictKind = "breaks_rules",
        labels: Mapping[str, Answer] | None = None,
        *,
        moderator_id: int = 9,
        at: datetime = NOON,
    ) -> None:
        vote = Vote(case_id, moderator_id, verdict, labels or {}, MODEL, at)
        await self.labels.vote(vote, scores={})

    async def deed(self, action: Action, *, by: int | None, states: Sequence[ActionState], at: datetime = NOON) -> None:
        """An action on a case of its own, by the bot where `by` is None, that goes through `states`."""
        case_id = await self.case(at=at, planned=() if by else (action,))
        if by is not None:
            await self.cases.add_action(case_id=case_id, action=action, by=by, at=at)
        (record,) = (await self.cases.get(guild_id=GUILD, case_id=case_id)).actions
        for state in states:
            await self.cases.settle_action(action_id=record.action_id, state=state, detail=None, at=at)

    async def draw(self, probability: float, verdict: VerdictKind | None = None, *, at: datetime = NOON) -> None:
        self.last += 1
        new = replace(
            new_case(message_id=self.last), opened_why="audit", opened_at=at, inclusion_probability=probability
        )
        await self.audits.keep(new, Standing("insult", 0.4, 0.5))
        if verdict is None:
            return
        await self.audits.make_batches(GUILD, at=at)
        draw = (await self.audits.without_card())[-1].draws[-1]
        case, _ = await self.cases.open(draw.case, ())
        await self.vote(case.case_id, verdict)
        await self.audits.set_case(draw_id=draw.draw_id, case_id=case.case_id)


@pytest.fixture
def records(db: Database) -> Records:
    return Records(db)


async def test_precision_counts_each_flagged_case_once_and_a_case_in_dispute_as_wrong(records: Records):
    for _ in range(3):
        await records.vote(await records.case(), labels={"insult": "right", "toxic": "unknown", "threat": "missing"})
    disputed = await records.case()
    await records.vote(disputed, labels={"insult": "right"})
    await records.vote(disputed, "fine", {"insult": "wrong"}, moderator_id=8)
    copy = await records.case(lead_id=disputed)
    await records.vote(copy, labels={"insult": "right"})
    verdicts = await records.stats.verdicts(MONTH)
    assert verdicts == {"insult": {"right": 3, "wrong": 1}}
    assert precision_by_label(verdicts)["insult"].sentence == "3 of 4 right, too few to say more"


async def test_precision_is_of_what_was_flagged_in_that_time_guild_and_channel(records: Records):
    for other in (
        await records.case(why="reported"),
        await records.case(at=MONTH.until),
        await records.case(guild_id=GUILD + 1),
        await records.case(channel_id=5),
    ):
        await records.vote(other, labels={"insult": "right"})
    assert await records.stats.verdicts(replace(MONTH, channel_id=CHANNEL)) == {}
    assert await records.stats.verdicts(replace(MONTH, channel_id=5)) == {"insult": {"right": 1}}


async def test_a_message_that_is_fine_counts_against_the_labels_that_it_was_flagged_for_alone(records: Records):
    await records.vote(await records.case(), "fine", {"insult": "wrong", "toxic": "wrong", "threat": "unknown"})
    await records.vote(await records.case(), "breaks_rules", {"insult": "right", "toxic": "wrong"})
    assert await records.stats.verdicts(MONTH) == {"insult": {"right": 1, "wrong": 1}, "toxic": {"wrong": 2}}


async def close(records: Records, case_id: int) -> None:
    await records.cases.close(case_id=case_id, at=NOON)


async def test_cases_end_by_their_verdict_and_an_open_one_is_open_whatever_was_said(records: Records):
    for verdict in ("breaks_rules", "breaks_rules", "fine", "skip"):
        case_id = await records.case()
        await records.vote(case_id, verdict)
        await close(records, case_id)
    disputed = await records.case(why="reported")
    await records.vote(disputed)
    await records.vote(disputed, "fine", moderator_id=8)
    await close(records, disputed)
    await close(records, await records.case(lead_id=disputed))
    await close(records, await records.case())
    await records.vote(await records.case())
    await records.case(why="audit")
    assert await records.stats.ends(MONTH) == {"breaks_rules": 2, "fine": 2, "skip": 1, "unanswered": 1, "open": 1}


async def test_deeds_are_counted_by_kind_by_whom_and_whether_they_were_taken_back(records: Records):
    await records.deed(Delete(), by=None, states=["done"])
    await records.deed(Delete(), by=9, states=["done", "undone"])
    await records.deed(Timeout(600), by=None, states=["refused"])
    await records.deed(Delete(), by=None, states=[])
    assert await records.stats.deeds(MONTH) == {"delete": Deeds(done=2, by_bot=1, undone=1)}
    assert await records.stats.deeds(replace(MONTH, since=MONTH.until, until=MONTH.until + timedelta(1))) == {}


async def test_a_case_waits_until_its_first_verdict(records: Records):
    case_id = await records.case()
    await records.vote(case_id, at=NOON + timedelta(minutes=20))
    await records.vote(case_id, moderator_id=8, at=NOON + timedelta(minutes=5))
    await records.vote(await records.case(why="reported"), at=NOON + timedelta(minutes=15))
    await records.case()
    await records.vote(await records.case(why="audit"), at=NOON + timedelta(days=2))
    waits = await records.stats.waits(MONTH)
    assert sorted(waits) == [timedelta(minutes=5), timedelta(minutes=15)]
    assert response_time(waits).sentence == "half of them answered within 10 min (2 cases)"


async def test_recall_is_made_of_draws_and_of_verdicts_on_flagged_messages(records: Records):
    await records.draw(0.5, "breaks_rules")
    await records.draw(0.05, "breaks_rules")
    await records.draw(0.05, "fine")
    await records.draw(0.05)
    await records.draw(0.05, "breaks_rules", at=MONTH.until)
    await records.vote(await records.case())
    await records.vote(await records.case(), "fine")
    disputed = await records.case()
    await records.vote(disputed)
    await records.vote(disputed, "fine", moderator_id=8)
    await records.vote(await records.case(), "skip")
    await records.case()
    found = await records.stats.audits(MONTH)
    assert sorted(found.misses) == [0.05, 0.5]
    assert (found.answered, found.drawn) == (3, 4)
    assert (found.confirmed, found.judged, found.flagged) == (1, 3, 5)
    assert recall(found).sentence.startswith("too few to say")


async def test_a_verdict_that_was_taken_back_is_no_miss_any_more(records: Records):
    await records.draw(0.5, "breaks_rules")
    await records.labels.withdraw(case_id=1, moderator_id=9)
    assert (await records.stats.audits(MONTH)).misses == ()


async def test_a_guild_without_records_has_nothing_to_count(records: Records):
    nothing = replace(MONTH, guild_id=999)
    assert (await records.stats.audits(nothing)).flagged == 0
    assert await records.stats.verdicts(nothing) == {}
    assert await records.stats.waits(nothing) == []
    assert await records.stats.weeks(nothing) == []


async def test_flags_are_counted_by_day_and_a_quiet_day_is_a_zero(records: Records):
    for hours in (0, 23.9, 24, 71):
        await records.case(at=NOON + timedelta(hours=hours))
    await records.case(at=NOON, why="reported")
    three = Span(GUILD, NOON, NOON + timedelta(days=3))
    assert await records.stats.flags_a_day(three) == (2, 1, 1)
    assert await records.stats.flags_a_day(replace(three, until=NOON + timedelta(days=4.5))) == (2, 1, 1, 0, 0)


async def test_weeks_begin_on_monday_and_add_up_messages_flags_and_sentiment(records: Records):
    # Noon is a Sunday: the day after it begins another week.
    bad, good = (replace(prediction(), sentiment=Sentiment(stars)) for stars in ((1, 0, 0, 0, 0), (0, 0, 0, 0, 1)))
    for number, (found, days, channel_id) in enumerate(
        [(bad, 0, 5), (good, 0, 5), (good, 1, 5), (bad, 1, 6), (good, 1, 6)]
    ):
        at = NOON + timedelta(days=days)
        await records.predictions.record(message(message_id=number, channel_id=channel_id, at=at), [found], at=at)
    await records.case(channel_id=5)
    await records.case(channel_id=7, at=NOON + timedelta(days=1))
    first = datetime(2026, 2, 23, tzinfo=NOON.tzinfo)
    second = first + timedelta(days=7)
    assert await records.stats.weeks(Span(GUILD, NOON, NOON + timedelta(days=3))) == [
        ChannelWeek(5, first, messages=2, flags=1, stars=3.0),
        ChannelWeek(6, second, messages=2, flags=0, stars=3.0),
        ChannelWeek(5, second, messages=1, flags=0, stars=5.0),
        ChannelWeek(7, second, messages=0, flags=1, stars=None),
    ]
    only = await records.stats.weeks(Span(GUILD, NOON, NOON + timedelta(days=3), channel_id=6))
    assert [week.channel_id for week in only] == [6]
