"""What limits are proposed from: the newest scores of one model version, with the cards they brought."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.cases import NewCase
from bot.core.guild_rules import GuildRules
from bot.core.keywords import KeywordHit, KeywordRule
from bot.core.policy import decide
from bot.store import proposing
from bot.store.cases import CaseStore
from bot.store.database import Database
from bot.store.proposing import ProposalStore
from bot.store.queue import QueueStore
from bot.store.stats import Span
from tests.builders import EXPIRES, GUILD, MODEL, NOON, message, new_case
from tests.stored_scores import store_scores

WEEK = Span(GUILD, NOON - timedelta(days=7), NOON + timedelta(seconds=1))
LOWEST = {"insult": 0.5, "threat": 0.5}


async def test_only_scores_over_a_limit_come_back_and_all_are_counted(db: Database) -> None:
    await store_scores(db, [0.2, 0.49, 0.5, 0.9])
    store = ProposalStore(db)

    stored = await store.stored(WEEK, model_version=MODEL)
    found = await store.messages(WEEK, model_version=MODEL, lowest=LOWEST)

    assert (stored.total, stored.first) == (4, NOON - timedelta(days=2))
    assert sorted(each.scores["insult"] for each in found) == [0.5, 0.9]
    assert await store.messages(WEEK, model_version=MODEL, lowest={"threat": 0.5}) == []
    assert await store.messages(WEEK, model_version=MODEL, lowest={}) == []


async def test_another_model_version_another_guild_and_another_time_do_not_count(db: Database) -> None:
    await store_scores(db, [0.9], model_version="older")
    await store_scores(db, [0.9], guild_id=GUILD + 1, first_id=60_000)
    await store_scores(db, [0.9], until=NOON - timedelta(days=6), first_id=70_000)
    store = ProposalStore(db)

    stored = await store.stored(WEEK, model_version=MODEL)

    assert (stored.total, stored.first) == (0, None)
    assert await store.messages(WEEK, model_version=MODEL, lowest=LOWEST) == []


async def test_more_scores_than_are_looked_at_leave_the_newest(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proposing, "MOST_ROWS", 3)
    await store_scores(db, [0.6, 0.7, 0.8, 0.9], days=4)
    store = ProposalStore(db)

    stored = await store.stored(WEEK, model_version=MODEL)
    found = await store.messages(WEEK, model_version=MODEL, lowest=LOWEST)

    assert (stored.total, stored.first) == (3, NOON - timedelta(days=3))
    assert sorted(each.scores["insult"] for each in found) == [0.7, 0.8, 0.9]


async def test_messages_that_shared_a_card_name_the_case_that_led_it(db: Database) -> None:
    cases = CaseStore(db)
    lead, _ = await cases.open(new_case(message_id=50_000), ())
    follower = new_case(message_id=50_001)
    await cases.open(_with_lead(follower, lead.case_id), ())
    await store_scores(db, [0.9, 0.9, 0.9])

    found = await ProposalStore(db).messages(WEEK, model_version=MODEL, lowest=LOWEST)

    assert {each.message_id: each.case_id for each in found} == {
        50_000: lead.case_id,
        50_001: lead.case_id,
        50_002: None,
    }


async def test_cards_of_keywords_and_of_people_are_known_as_others(db: Database) -> None:
    cases, queue = CaseStore(db), QueueStore(db)
    await cases.open(new_case(message_id=1), ())
    keyword, _ = await cases.open(_by_keyword(2), ())
    reported, _ = await cases.open(_reported(3), ())
    uncarded, _ = await cases.open(_reported(4), ())
    await queue.admit(case_id=reported.case_id, at=NOON)

    others = await ProposalStore(db).others(WEEK)

    assert others == {keyword.case_id, reported.case_id}
    assert uncarded.case_id not in others


def _with_lead(case: NewCase, lead_id: int) -> NewCase:
    return replace(case, lead_id=lead_id)


def _by_keyword(message_id: int) -> NewCase:
    said = message("a raffle", message_id=message_id)
    hit = KeywordHit(KeywordRule("raffle"), "raffle")
    decision = decide(said, (), GuildRules(GUILD), keywords=[hit])
    return NewCase.of(said, (), decision, opened_at=NOON, text_expires_at=EXPIRES)


def _reported(message_id: int) -> NewCase:
    return replace(new_case(message_id=message_id), opened_why="reported", reasons=())
