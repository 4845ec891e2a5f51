from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from cryptography.fernet import Fernet

from bot.core.cases import CardRef, CaseFilter
from bot.core.policy import Delete
from bot.store.case_lists import CaseListStore
from bot.store.cases import CaseStore
from bot.store.crypto import TextKey
from bot.store.database import Database
from bot.store.queue import QueueStore
from bot.store.reports import ReportStore
from tests.builders import GUILD, NOON, new_case, person


async def follower(store: CaseStore, *, lead_id: int, message_id: int, author: int = 1) -> int:
    new = replace(new_case(message_id=message_id, author=person(author)), lead_id=lead_id)
    return (await store.open(new, []))[0].case_id


async def test_a_member_reports_a_message_once(db: Database):
    store = ReportStore(db)
    case, _ = await CaseStore(db).open(new_case(), [])
    assert not await store.has(case_id=case.case_id, reporter_id=5)
    assert await store.add(case_id=case.case_id, reporter_id=5, reason=None, at=NOON)
    assert not await store.add(case_id=case.case_id, reporter_id=5, reason="again", at=NOON)
    assert await store.has(case_id=case.case_id, reporter_id=5)
    assert await store.number_by(guild_id=GUILD, reporter_id=5, since=NOON - timedelta(seconds=1)) == 1
    assert await store.number_by(guild_id=GUILD, reporter_id=5, since=NOON) == 0
    assert await store.number_by(guild_id=GUILD + 1, reporter_id=5, since=NOON - timedelta(seconds=1)) == 0


async def test_a_case_counts_members_and_keeps_what_they_said_of_any_message_of_its_card(db: Database):
    cases, store = CaseStore(db), ReportStore(db)
    lead, _ = await cases.open(new_case(), [])
    other = await follower(cases, lead_id=lead.case_id, message_id=2)
    await store.add(case_id=lead.case_id, reporter_id=5, reason="mean", at=NOON)
    await store.add(case_id=other, reporter_id=5, reason="again", at=NOON + timedelta(minutes=1))
    await store.add(case_id=other, reporter_id=6, reason=None, at=NOON + timedelta(minutes=2))
    found = await cases.get(guild_id=GUILD, case_id=lead.case_id)
    assert (found.reports, found.report_reasons) == (2, ("mean",))
    assert [each.reporter_id for each in await store.of_card(lead.case_id)] == [5, 6]
    assert [each.reporter_id for each in await store.of_card(other)] == [5, 6]
    found = await cases.get(guild_id=GUILD, case_id=other)
    assert (found.reports, found.report_reasons) == (2, ("again",))


async def test_reasons_go_with_the_text_and_so_does_who_reported(db: Database):
    cases, store = CaseStore(db), ReportStore(db)
    case, _ = await cases.open(new_case(), [])
    await store.add(case_id=case.case_id, reporter_id=5, reason="mean", at=NOON)
    await cases.close(case_id=case.case_id, at=NOON)
    await cases.expire_texts(NOON + timedelta(days=40), 9)
    assert await store.of_card(case.case_id) == ()


async def test_a_reason_of_another_key_is_left_out(db: Database):
    case, _ = await CaseStore(db).open(new_case(), [])
    await ReportStore(db).add(case_id=case.case_id, reporter_id=5, reason="mean", at=NOON)
    db.key = TextKey(Fernet.generate_key().decode())
    (report,) = await ReportStore(db).of_card(case.case_id)
    assert report.reason is None


async def test_a_case_that_is_handed_up_stands_alone_and_the_others_go_on_together(db: Database):
    cases, store = CaseStore(db), ReportStore(db)
    lead, _ = await cases.open(new_case(), [])
    others = [await follower(cases, lead_id=lead.case_id, message_id=number) for number in (2, 3)]
    await cases.set_card(case_id=lead.case_id, card=CardRef(900, 1))
    await cases.close(case_id=lead.case_id, at=NOON)
    assert await store.hand_up(lead) == others[0]
    found = await cases.get(guild_id=GUILD, case_id=lead.case_id)
    assert (found.opened_why, found.state, found.card, found.followers) == ("staff", "open", None, 0)
    assert (await cases.get(guild_id=GUILD, case_id=others[0])).followers == 1
    assert (await cases.get(guild_id=GUILD, case_id=others[1])).lead_id == others[0]


async def test_cases_about_staff_are_listed_for_the_other_administrators_alone(db: Database):
    cases, lists = CaseStore(db), CaseListStore(db)
    ordinary, _ = await cases.open(new_case(), [])
    about, _ = await cases.open(replace(new_case(message_id=2, author=person(7)), opened_why="staff"), [])

    async def seen(admin_id: int | None) -> list[int]:
        which = CaseFilter(admin_id=admin_id)
        found = await lists.page(guild_id=GUILD, which=which, offset=0, limit=9)
        assert len(found) == await lists.count(guild_id=GUILD, which=which)
        assert found == await lists.newest(guild_id=GUILD, which=which, undoable=False, limit=9)
        return [case.case_id for case in found]

    assert await seen(None) == [ordinary.case_id]
    assert await seen(7) == [ordinary.case_id]
    assert await seen(8) == [about.case_id, ordinary.case_id]
    assert (await QueueStore(db).counts(guild_id=GUILD, opened_before=NOON)).total == 1


async def test_only_cards_on_which_something_was_done_can_be_undone(db: Database):
    cases, lists = CaseStore(db), CaseListStore(db)
    acted, _ = await cases.open(new_case(), [Delete()])
    await cases.open(new_case(message_id=2), [])
    shared, _ = await cases.open(new_case(message_id=3), [])
    copy, _ = await cases.open(replace(new_case(message_id=4), lead_id=shared.case_id), [Delete()])
    for record in (*acted.actions, *copy.actions):
        await cases.settle_action(action_id=record.action_id, state="done", detail=None, at=NOON)
    found = await lists.newest(guild_id=GUILD, which=CaseFilter(), undoable=True, limit=9)
    assert [case.case_id for case in found] == [shared.case_id, acted.case_id]
