"""Verdicts as examples: their labels, whose answers count, where they come from, and which texts never enter."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.fernet import Fernet

from bot.core.cases import Vote
from bot.core.feedback import answers
from bot.core.lessons import Permit
from bot.core.teaching import labels_of
from bot.store.cases import CaseStore
from bot.store.crypto import TextKey
from bot.store.database import Database
from bot.store.lessons import LessonStore
from bot.store.teaching import TeachingStore
from moderation_model.labels import LABEL_NAMES
from moderation_model.learning import Example
from tests.builders import EXPIRES, GUILD, NOON
from tests.judging import judge

LENA, PRIYA = 50, 51
OTHER_KEY = TextKey(Fernet.generate_key().decode())


async def taught(db: Database, store: TeachingStore | None = None, **options: object) -> list[Example]:
    """What the verdicts teach, read two cases at a time."""
    store, found, after = store or TeachingStore(db), [], 0
    while True:
        page = await store.examples(**{"now": NOON, "without": {}, "after": after, "limit": 2} | options)  # pyright: ignore[reportArgumentType]
        found += page.examples
        if page.last is None:
            return found
        after = page.last


async def test_verdicts_come_back_as_labels_with_the_score_of_that_time(db: Database):
    first = await judge(db, "you walnut", 1, {LENA: "fine"})
    await judge(db, "you dreadful person", 2, {LENA: "breaks_rules"})
    await judge(db, "whatever", 3, {LENA: "skip"})
    fine, broken = await taught(db)
    assert (fine.example_id, fine.text, fine.labels) == (first, "you walnut", {"insult": 0.0, "toxic": 0.0})
    assert broken.labels == {"insult": 1.0, "toxic": 1.0}
    assert (fine.scores["insult"], fine.model_version, fine.at) == (0.9, "test-1", NOON.timestamp())


async def test_people_and_places_are_hashes_that_only_say_the_same(db: Database):
    await judge(db, "one", 1, {LENA: "fine"})
    await judge(db, "two", 2, {LENA: "fine"})
    one, two = await taught(db)
    assert one.judges == two.judges == (TeachingStore(db).judge(LENA),)
    assert one.author != two.author
    assert one.thread == two.thread
    assert {len(name) for name in (one.author, one.thread, *one.judges)} == {16}
    assert TeachingStore(Database("sqlite+aiosqlite:///x.db", key=OTHER_KEY)).judge(LENA) != one.judges[0]


async def test_an_even_split_teaches_nothing_and_a_dropped_moderator_does_not_count(db: Database):
    await judge(db, "you walnut", 1, {LENA: "fine", PRIYA: "breaks_rules"})
    assert await taught(db) == []
    (example,) = await taught(db, without={GUILD: {PRIYA}})
    assert example.labels == {"insult": 0.0, "toxic": 0.0}
    assert await taught(db, without={GUILD: {PRIYA, LENA}}) == []


def test_a_line_that_an_audit_found_fine_has_none_of_the_labels():
    fine = Vote(1, LENA, "fine", answers("fine", ()), None, NOON)
    assert labels_of([fine], "flagged") == {}
    found = labels_of([fine], "audit")
    assert set(found.values()) == {0.0}
    assert set(LABEL_NAMES) - set(found) == {"obscene"}
    broken = replace(fine, verdict="breaks_rules", moderator_id=PRIYA)
    assert labels_of([fine, broken], "audit") == {}


async def test_messages_may_be_trained_on_only_with_a_permission_of_that_server(db: Database):
    await judge(db, "here", 1, {LENA: "fine"})
    await judge(db, "there", 2, {LENA: "fine"}, guild_id=GUILD + 1)
    assert {(each.source, each.may_train) for each in await taught(db)} == {("discord_message", False)}
    lessons = LessonStore(db)
    await lessons.record_permit(GUILD, Permit("ticket 12", "all", LENA, NOON))
    assert [each.may_train for each in await taught(db)] == [True, False]
    await lessons.revoke_permit(GUILD, by=LENA, at=NOON)
    assert [each.may_train for each in await taught(db)] == [False, False]
    assert [each.may_train for each in await taught(db, TeachingStore(db, permitted=True))] == [True, True]
    made_up = await taught(db, TeachingStore(db, source="sandbox"))
    assert {(each.source, each.may_train) for each in made_up} == {("sandbox", True)}


async def test_open_cases_and_texts_whose_time_is_over_never_enter(db: Database):
    case_id = await judge(db, "here", 1, {LENA: "fine"})
    cases = CaseStore(db)
    assert await taught(db, now=EXPIRES) == []
    await cases.reopen(case_id=case_id)
    assert await taught(db) == []
    await cases.close(case_id=case_id, at=NOON)
    await cases.expire_texts(EXPIRES, 10)
    assert await taught(db) == []


async def test_what_moderators_said_is_compared_guild_by_guild(db: Database):
    await judge(db, "one", 1, {LENA: "fine", PRIYA: "breaks_rules"})
    await judge(db, "two", 2, {LENA: "fine"}, guild_id=GUILD + 1)
    found = await TeachingStore(db).judgements()
    assert {(each.moderator_id, each.label, each.right) for each in found[GUILD]} == {
        (LENA, "insult", False),
        (LENA, "toxic", False),
        (PRIYA, "insult", True),
        (PRIYA, "toxic", True),
    }
    assert {each.moderator_id for each in found[GUILD + 1]} == {LENA}
    assert await TeachingStore(db).judged_together() == [{LENA: False, PRIYA: True}]


@pytest.mark.parametrize("text", ["You  dreadful old person", "you dreadful, old person!", "you dreadfull old person"])
async def test_a_near_copy_of_what_was_said_is_found_on_that_server_alone(db: Database, text: str):
    await judge(db, "you dreadful old person", 1, {LENA: "fine"})
    store = TeachingStore(db)
    assert await store.seen_like(GUILD, text)
    assert not await store.seen_like(GUILD + 1, text)
    assert not await store.seen_like(GUILD, "a quite different thing to say")


async def test_the_cases_of_a_week_with_what_became_of_them(db: Database):
    await judge(db, "one", 1, {LENA: "fine"})
    await judge(db, "two", 2, {LENA: "breaks_rules"})
    store = TeachingStore(db)
    found = await store.shown(GUILD, since=NOON - timedelta(days=7), now=NOON)
    assert [(each.text, each.flagged, each.confirmed) for each in found] == [("two", True, True), ("one", True, False)]
    assert await store.shown(GUILD, since=NOON + timedelta(days=7), now=NOON) == []


async def test_cases_of_another_server_are_not_linked(db: Database):
    here = await judge(db, "one", 1, {LENA: "fine"})
    there = await judge(db, "two", 2, {LENA: "fine"}, guild_id=GUILD + 1)
    links = await TeachingStore(db).links(GUILD, [here, there])
    assert list(links) == [here]
    assert links[here].url.endswith(f"/{GUILD}/200/1")
