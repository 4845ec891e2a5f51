from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot.core.cases import CardRef, Vote
from bot.core.feedback import answers
from bot.core.policy import Delete, Timeout, Warn
from bot.errors import CaseNotFound
from bot.store.cases import CaseStore
from bot.store.database import Database
from bot.store.labels import LabelStore
from bot.store.reports import ReportStore
from moderation_model.contract import Explanation
from tests.builders import CHANNEL, EXPIRES, GUILD, MODEL, NOON, new_case, person


async def test_a_case_comes_back_as_it_was_opened(db: Database):
    store = CaseStore(db)
    case, created = await store.open(new_case(), [Timeout(60), Delete()])
    assert created
    assert case == await store.get(guild_id=GUILD, case_id=case.case_id)
    assert (case.text, case.author_name, case.channel_id, case.state) == ("you clown", "Kai", CHANNEL, "open")
    assert [reason.label for reason in case.reasons] == ["insult", "toxic"]
    assert [(record.action, record.state) for record in case.actions] == [
        (Timeout(60), "pending"),
        (Delete(), "pending"),
    ]
    assert case.sentiment is not None
    assert case.posted_at == NOON


async def test_one_revision_has_one_case_even_when_opened_at_the_same_time(db: Database):
    other_process = Database(db.url.render_as_string(hide_password=False), key=db.key)
    stores = [CaseStore(db), CaseStore(other_process)] * 4
    opened = await asyncio.gather(*(store.open(new_case(), [Delete()]) for store in stores))
    assert sum(created for _, created in opened) == 1
    assert len({case.case_id for case, _ in opened}) == 1
    assert all(len(case.actions) == 1 for case, _ in opened)
    _, created = await stores[0].open(replace(new_case(), revision=7), [Delete()])
    assert created
    await other_process.close()


async def test_no_member_text_stands_in_the_database_readably(db: Database):
    store = CaseStore(db)
    case, _ = await store.open(new_case("a very particular sentence", author=person(name="Kai Particularly")), [])
    explanation = Explanation("insult", ("very", "particular"), (1.0, 2.0), -1.0, 0.9, "as_written", MODEL)
    await store.set_explanation(case_id=case.case_id, explanation=explanation)
    await ReportStore(db).add(case_id=case.case_id, reporter_id=5, reason="so particular", at=NOON)
    async with db.read() as connection:
        for table in ("cases", "reports"):
            for row in await connection.execute(sa.text(f"SELECT * FROM {table}")):
                # Long words: a ciphertext in base64 holds any three letters now and then.
                assert "particular" not in repr(tuple(row)).casefold()
    assert (await store.get(guild_id=GUILD, case_id=case.case_id)).explanation == explanation


async def test_a_case_of_another_guild_is_not_found(db: Database):
    store = CaseStore(db)
    case, _ = await store.open(new_case(), [])
    with pytest.raises(CaseNotFound, match=f"no case {case.case_id}"):
        await store.get(guild_id=GUILD + 1, case_id=case.case_id)


async def test_the_same_text_finds_its_lead_only_while_open_and_recent(db: Database):
    store = CaseStore(db)
    case, _ = await store.open(new_case(), [])

    async def lead(text: str = "YOU   clown", guild_id: int = GUILD, since: timedelta = timedelta()) -> int | None:
        return await store.lead_for(guild_id=guild_id, text=text, since=NOON + since)

    assert await lead() == case.case_id
    assert await lead("you clowns") is None
    assert await lead(guild_id=1) is None
    assert await lead(since=timedelta(seconds=1)) is None
    follower, _ = await store.open(replace(new_case(message_id=2), lead_id=case.case_id), [])
    assert (await store.get(guild_id=GUILD, case_id=case.case_id)).followers == 1
    assert [each.case_id for each in await store.followers(case_id=case.case_id)] == [follower.case_id]
    await store.close(case_id=case.case_id, at=NOON)
    assert await lead() is None


async def test_an_action_is_settled_once(db: Database):
    store = CaseStore(db)
    case, _ = await store.open(new_case(), [Warn(), Delete()])
    warn, delete = case.actions
    await store.settle_action(action_id=warn.action_id, state="refused", detail="closed", at=NOON)
    await store.settle_action(action_id=warn.action_id, state="done", detail=None, at=NOON)
    again = await store.get(guild_id=GUILD, case_id=case.case_id)
    assert (again.actions[0].state, again.actions[0].detail) == ("refused", "closed")
    assert again.actions[1] == delete


async def test_a_moderators_action_is_added_once_unless_it_failed(db: Database):
    store = CaseStore(db)
    case, _ = await store.open(new_case(), [])
    added = await store.add_action(case_id=case.case_id, action=Delete(), by=9, at=NOON)
    assert added is not None
    assert (added.by, added.state) == (9, "pending")
    assert await store.add_action(case_id=case.case_id, action=Delete(), by=8, at=NOON) is None
    await store.settle_action(action_id=added.action_id, state="failed", detail=None, at=NOON)
    twice = [store.add_action(case_id=case.case_id, action=Delete(), by=by, at=NOON) for by in (7, 8)]
    assert len([record for record in await asyncio.gather(*twice) if record is not None]) == 1
    states = [record.state for record in (await store.get(guild_id=GUILD, case_id=case.case_id)).actions]
    assert states == ["failed", "pending"]
    with pytest.raises(CaseNotFound):
        await store.add_action(case_id=case.case_id + 1, action=Delete(), by=8, at=NOON)


async def test_recent_counts_automatic_actions_and_the_members_that_a_label_hit(db: Database):
    store = CaseStore(db)
    for number in range(3):
        await store.open(new_case(message_id=number, author=person(number)), [Delete(), Warn()])
    await store.open(new_case(message_id=9), [])
    recent = await store.recent(guild_id=GUILD, since=NOON)
    assert recent.actions == 6
    assert recent.members_by_label == {"insult": 3, "toxic": 3}
    mine = await store.recent(guild_id=GUILD, since=NOON, author_id=1, channel_id=CHANNEL)
    assert (mine.actions, mine.on_member, mine.in_channel) == (6, 2, 6)
    assert (await store.recent(guild_id=GUILD, since=NOON + timedelta(seconds=1))).actions == 0


async def test_cards_are_remembered_and_missing_ones_listed(db: Database):
    store = CaseStore(db)
    case, _ = await store.open(new_case(), [])
    assert [each.case_id for each in await store.without_card(9)] == [case.case_id]
    await store.set_card(case_id=case.case_id, card=CardRef(5, 6))
    assert await store.without_card(9) == []
    assert (await store.get(guild_id=GUILD, case_id=case.case_id)).card == CardRef(5, 6)


async def test_a_guild_whose_cards_cannot_be_shown_holds_up_no_other(db: Database):
    store = CaseStore(db)
    for number in range(5):
        await store.open(new_case(message_id=number), [])
    other, _ = await store.open(new_case(message_id=9, guild_id=GUILD + 1), [])
    assert other.case_id in [case.case_id for case in await store.without_card(2)]


async def test_cards_of_expired_texts_are_listed_until_they_are_scrubbed(db: Database):
    store = CaseStore(db)
    case, _ = await store.open(new_case(), [])
    cardless, _ = await store.open(new_case(message_id=2), [])
    await store.set_card(case_id=case.case_id, card=CardRef(5, 6))
    for each in (case, cardless):
        await store.close(case_id=each.case_id, at=NOON)
    assert await store.unscrubbed(9) == []
    await store.expire_texts(EXPIRES, 9)
    assert [each.case_id for each in await store.unscrubbed(9)] == [case.case_id]
    await store.set_scrubbed(case_id=case.case_id)
    assert await store.unscrubbed(9) == []


async def test_texts_of_closed_cases_expire_and_those_of_open_ones_stay(db: Database):
    store = CaseStore(db)
    closed, _ = await store.open(new_case(), [])
    left, _ = await store.open(new_case(message_id=2), [])
    await store.close(case_id=closed.case_id, at=NOON)
    assert await store.expire_texts(EXPIRES - timedelta(seconds=1), 9) == []
    assert [case.case_id for case in await store.expire_texts(EXPIRES, 9)] == [closed.case_id]
    gone = await store.get(guild_id=GUILD, case_id=closed.case_id)
    assert (gone.text, gone.author_name, gone.explanation) == (None, None, None)
    assert gone.reasons
    assert (await store.get(guild_id=GUILD, case_id=left.case_id)).text == "you clown"
    assert await store.expire_texts(EXPIRES, 9) == []


async def test_verdicts_are_replaced_withdrawn_and_counted_by_label(db: Database):
    store, labels = CaseStore(db), LabelStore(db)
    case, _ = await store.open(new_case(), [])

    def vote(moderator_id: int, verdict: str) -> Vote:
        given = answers(verdict, case.reasons)  # pyright: ignore[reportArgumentType]
        return Vote(case.case_id, moderator_id, verdict, given, MODEL, NOON)  # pyright: ignore[reportArgumentType]

    await labels.vote(vote(1, "breaks_rules"), scores=case.scores or {})
    await labels.vote(vote(1, "fine"), scores=case.scores or {})
    await labels.vote(vote(2, "breaks_rules"), scores=case.scores or {})
    assert [(each.moderator_id, each.verdict) for each in await labels.votes(case.case_id)] == [
        (1, "fine"),
        (2, "breaks_rules"),
    ]
    assert (await labels.counts(GUILD))["insult"] == {"wrong": 1, "right": 1}
    await labels.withdraw(case_id=case.case_id, moderator_id=1)
    assert (await labels.counts(GUILD))["insult"] == {"right": 1}
    assert (await store.get(guild_id=GUILD, case_id=case.case_id)).votes == await labels.votes(case.case_id)


async def test_a_double_click_is_one_vote(db: Database):
    store, labels = CaseStore(db), LabelStore(db)
    case, _ = await store.open(new_case(), [])
    vote = Vote(case.case_id, 1, "fine", answers("fine", case.reasons), MODEL, NOON)
    await asyncio.gather(*(labels.vote(vote, scores={"insult": 0.9}) for _ in range(4)))
    assert await labels.votes(case.case_id) == (vote,)


async def test_hostile_text_and_big_ids_are_kept_whole(db: Database):
    store = CaseStore(db)
    text = "\u202eevil " + "e" + "\u0301" * 10_000 + " 😂"
    case, _ = await store.open(new_case(text, message_id=2**62), [])
    assert case.text == text
    assert case.message_id == 2**62
