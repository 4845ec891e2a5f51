"""What the weekly report counts: each card once, what the bot itself did, words of judged cards, scores by bin."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.cases import ActionState, VerdictKind
from bot.core.drift import Shares, UnknownWords
from bot.core.policy import Action, Delete, Timeout, Why
from bot.core.weekly import Carded, Harm, Mood, Read, Reported
from bot.core.wrong_words import Judged
from bot.store.appeals import AppealStore
from bot.store.database import Database
from bot.store.stats import Span
from bot.store.weekly import WeeklyStore
from moderation_model.contract import Explanation, Sentiment
from tests.builders import CHANNEL, GUILD, MODEL, NOON, message, new_case, prediction
from tests.store.test_stats import Records

WEEK = Span(GUILD, NOON - timedelta(days=7), NOON)
BEFORE = Span(GUILD, NOON - timedelta(days=28), WEEK.since)
MONDAY = NOON - timedelta(days=6)


class Week(Records):
    def __init__(self, db: Database) -> None:
        super().__init__(db)
        self.weekly = WeeklyStore(db)
        self.appeals = AppealStore(db)

    async def judged(self, verdict: VerdictKind | None, *, why: Why = "flagged", words: str = "") -> int:
        case_id = await self.case(at=MONDAY, why=why)
        if words:
            parts = tuple(words.split())
            explanation = Explanation("insult", parts, tuple([1.0] * len(parts)), -2.0, 0.9, "as_written", MODEL)
            await self.cases.set_explanation(case_id=case_id, explanation=explanation)
        if verdict is not None:
            await self.vote(case_id, verdict)
            await self.cases.close(case_id=case_id, at=NOON)
        return case_id

    async def act(self, action: Action, state: ActionState, *, by: int | None = None) -> int:
        self.last += 1
        new = replace(new_case(message_id=self.last), opened_at=MONDAY)
        case, _ = await self.cases.open(new, (action,) if by is None else ())
        record = case.actions[0] if by is None else None
        if by is not None:
            record = await self.cases.add_action(case_id=case.case_id, action=action, by=by, at=MONDAY)
        assert record is not None
        for each in ("done", state):
            await self.cases.settle_action(action_id=record.action_id, state=each, detail=None, at=MONDAY)
        return case.case_id

    async def score(
        self,
        number: int,
        *,
        insult: float = 0.2,
        at,
        version: str = MODEL,
        guild_id: int = GUILD,
        unknown: tuple[float | None, ...] = (None,),
    ) -> None:
        """So many messages; `unknown`: words by part of each."""
        for _ in range(number):
            self.last += 1
            scored = replace(prediction({"insult": insult}), model_version=version)
            said = message(message_id=self.last, at=at, guild_id=guild_id)
            await self.predictions.record(said, [replace(scored, unknown_words=share) for share in unknown], at=at)


@pytest.fixture
def week(db: Database) -> Week:
    return Week(db)


async def test_a_card_counts_once_and_with_how_it_ended(week: Week) -> None:
    lead = await week.judged("breaks_rules")
    await week.judged("fine")
    await week.judged(None)
    await week.case(at=MONDAY, lead_id=lead)
    await week.case(at=MONDAY, why="audit")
    await week.case(at=MONDAY, guild_id=GUILD + 1)
    await week.case(at=NOON)
    cards = await week.weekly.cards(WEEK)
    assert cards == tuple(Carded(MONDAY, CHANNEL, end) for end in ("breaks_rules", "fine", "open"))


async def test_what_the_bot_did_by_itself_and_what_of_it_was_taken_back(week: Week) -> None:
    await week.act(Delete(), "done")
    undone = await week.act(Timeout(600), "undone")
    await week.act(Delete(), "undone", by=9)
    harm = await week.weekly.harm(WEEK)
    assert harm.done == {"delete": 1, "timeout": 1}
    assert (harm.undone, [link.case_id for link in harm.undone_cases]) == (1, [undone])
    assert harm.undone_cases[0].url.startswith("https://discord.com/channels/")
    assert await week.weekly.harm(replace(WEEK, guild_id=GUILD + 1)) == Harm()


async def test_granted_appeals_are_named_when_they_were_decided(week: Week) -> None:
    for state in ("overturned", "upheld"):
        case = await week.cases.get(guild_id=GUILD, case_id=await week.act(Delete(), "done"))
        await week.appeals.open(case, text="please look again", at=MONDAY)
        await week.appeals.decide(
            case_id=case.case_id, state=state, by=9, at=NOON - timedelta(hours=1), text_expires_at=NOON
        )
    harm = await week.weekly.harm(WEEK)
    assert (harm.granted, len(harm.granted_cases)) == (1, 1)
    later = await week.weekly.harm(Span(GUILD, NOON, NOON + timedelta(days=7)))
    assert later.granted == 0


async def test_reports_of_what_was_not_flagged_are_counted(week: Week) -> None:
    await week.judged("breaks_rules", why="reported")
    await week.judged("fine", why="reported")
    await week.judged(None, why="reported")
    await week.judged("breaks_rules")
    assert await week.weekly.reported(WEEK) == Reported(total=3, confirmed=1)


async def test_words_are_those_of_judged_cards_whose_text_is_still_kept(week: Week) -> None:
    await week.judged("fine", words="you walnut!")
    await week.judged("breaks_rules", words="walnut")
    await week.judged(None, words="open")
    await week.judged("fine")
    await week.judged("skip", words="skipped")
    gone = await week.judged("fine", words="gone")
    found = await week.weekly.judged_words(WEEK)
    assert found == [
        Judged(("gone",), fine=True),
        Judged(("walnut",), fine=False),
        Judged(("you", "walnut"), fine=True),
    ]
    await week.cases.expire_texts(NOON + timedelta(days=365), 100)
    assert gone
    assert await week.weekly.judged_words(WEEK) == []


async def test_moods_are_of_channels_with_messages_enough(week: Week) -> None:
    for channel_id, number, stars in ((5, 20, (0, 0, 0, 0, 1)), (6, 25, (1, 0, 0, 0, 0)), (7, 19, (1, 0, 0, 0, 0))):
        for _ in range(number):
            week.last += 1
            said = message(message_id=week.last, channel_id=channel_id, at=MONDAY)
            await week.predictions.record(said, [replace(prediction(), sentiment=Sentiment(stars))], at=MONDAY)
    assert await week.weekly.moods(WEEK) == (Mood(6, 25, 1.0), Mood(5, 20, 5.0))


async def test_what_was_not_judged_is_counted(week: Week) -> None:
    await week.score(3, insult=0.1, at=MONDAY)
    week.last += 1
    await week.predictions.record(
        message(message_id=week.last, at=MONDAY), (), at=MONDAY, unscored_why="ModelUnavailable"
    )
    await week.score(1, insult=0.1, at=NOON)
    assert await week.weekly.read(WEEK) == Read(messages=4, unchecked=1)


async def test_scores_fall_into_the_bins_of_two_times(week: Week) -> None:
    await week.score(2, insult=0.0, at=BEFORE.since)
    await week.score(1, insult=0.9, at=BEFORE.since)
    await week.score(4, insult=0.95, at=MONDAY)
    await week.score(1, insult=0.4, at=MONDAY, guild_id=GUILD + 1)
    found = (await week.weekly.histograms(BEFORE, WEEK))["insult"]
    assert found.before == (2, *[0] * 9, 1)
    assert found.now == (0, *[0] * 9, 4)


async def test_scores_of_another_model_are_not_compared(week: Week) -> None:
    await week.score(2, insult=0.2, at=BEFORE.since, version="older")
    await week.score(2, insult=0.2, at=MONDAY, version="older")
    await week.score(3, insult=0.2, at=MONDAY)
    found = (await week.weekly.histograms(BEFORE, WEEK))["insult"]
    assert (sum(found.before), sum(found.now)) == (0, 3)
    assert await week.weekly.histograms(BEFORE, replace(WEEK, guild_id=GUILD + 1)) == {}


async def test_unknown_words_are_averaged_over_messages_of_two_times(week: Week) -> None:
    await week.score(1, unknown=(0.0,), at=BEFORE.since)
    await week.score(1, unknown=(0.5,), at=BEFORE.since)
    await week.score(2, unknown=(0.25, 0.75, None), at=MONDAY)
    await week.score(3, unknown=(None,), at=MONDAY)
    await week.score(1, unknown=(1.0,), at=MONDAY, guild_id=GUILD + 1)
    await week.score(1, unknown=(1.0,), at=BEFORE.since, version="older")
    found = await week.weekly.unknown_words(BEFORE, WEEK)
    assert found == UnknownWords(before=Shares(2, 0.25, 0.125), now=Shares(2, 0.5, 0.25))


async def test_without_words_of_before_nothing_is_compared(week: Week) -> None:
    await week.score(2, unknown=(None,), at=BEFORE.since)
    await week.score(2, unknown=(0.5,), at=MONDAY)
    assert await week.weekly.unknown_words(BEFORE, WEEK) is None
