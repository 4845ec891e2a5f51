"""Appeals: kept encrypted, once a case, as long as the text that they are about."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import sqlalchemy as sa

from bot.store.appeals import AppealStore
from bot.store.cases import CaseStore
from bot.store.database import Database
from bot.store.tables import appeals
from tests.builders import EXPIRES, GUILD, NOON, new_case, person

LATER = NOON + timedelta(days=5)


async def test_an_appeal_opens_its_case_again_and_is_unreadable_in_the_file(db: Database):
    cases = CaseStore(db)
    case, _ = await cases.open(new_case(), [])
    await cases.close(case_id=case.case_id, at=NOON)
    assert await AppealStore(db).open(case, text="it was a particular joke", at=LATER)
    case = await cases.get(guild_id=GUILD, case_id=case.case_id)
    assert (case.state, case.closed_at) == ("open", None)
    assert case.appeal is not None
    assert (case.appeal.text, case.appeal.state, case.appeal.appealed_at) == ("it was a particular joke", "open", LATER)
    async with db.read() as connection:
        assert b"particular" not in (await connection.scalars(sa.select(appeals.c.payload))).one()


async def test_a_case_is_appealed_once(db: Database):
    cases, store = CaseStore(db), AppealStore(db)
    case, _ = await cases.open(new_case(), [])
    assert await store.open(case, text="one", at=NOON)
    await store.decide(case_id=case.case_id, state="upheld", by=9, at=LATER, text_expires_at=EXPIRES)
    await cases.close(case_id=case.case_id, at=LATER)
    assert not await store.open(case, text="two", at=LATER)
    assert (await cases.get(guild_id=GUILD, case_id=case.case_id)).state == "closed"


async def test_the_first_decision_of_an_appeal_stays(db: Database):
    store = AppealStore(db)
    case, _ = await CaseStore(db).open(new_case(), [])
    await store.open(case, text="please", at=NOON)
    assert await store.decide(case_id=case.case_id, state="overturned", by=9, at=LATER, text_expires_at=EXPIRES)
    assert not await store.decide(case_id=case.case_id, state="upheld", by=8, at=LATER, text_expires_at=EXPIRES)
    appeal = (await CaseStore(db).get(guild_id=GUILD, case_id=case.case_id)).appeal
    assert appeal is not None
    assert (appeal.state, appeal.decided_by, appeal.decided_at) == ("overturned", 9, LATER)


async def test_only_refused_appeals_of_this_member_here_count_for_the_cool_down(db: Database):
    store, cases = AppealStore(db), CaseStore(db)
    for number, state in enumerate(("upheld", "overturned"), start=1):
        case, _ = await cases.open(new_case(message_id=number), [])
        await store.open(case, text="please", at=NOON)
        at = NOON + timedelta(hours=number)
        await store.decide(case_id=case.case_id, state=state, by=9, at=at, text_expires_at=EXPIRES)  # type: ignore[arg-type]
    member_id = person().user_id
    assert await store.refused_at(guild_id=GUILD, member_id=member_id) == NOON + timedelta(hours=1)
    assert await store.refused_at(guild_id=GUILD + 1, member_id=member_id) is None
    assert await store.refused_at(guild_id=GUILD, member_id=member_id + 1) is None


async def test_a_decided_appeal_keeps_the_text_longer_and_goes_with_it(db: Database):
    cases, store = CaseStore(db), AppealStore(db)
    case, _ = await cases.open(new_case(), [])
    await store.open(case, text="please", at=NOON)
    kept = EXPIRES + timedelta(days=20)
    await store.decide(case_id=case.case_id, state="upheld", by=9, at=LATER, text_expires_at=kept)
    await cases.close(case_id=case.case_id, at=LATER)
    assert await cases.expire_texts(EXPIRES + timedelta(days=1), 10) == []
    (expired,) = await cases.expire_texts(kept, 10)
    assert expired.appeal is not None
    assert (expired.text, expired.appeal.text, expired.appeal.state) == (None, None, "upheld")


async def test_an_appeal_takes_its_author_off_a_card_with_others(db: Database):
    cases = CaseStore(db)
    lead, _ = await cases.open(new_case(message_id=1, author=person(5)), [])
    mine = [(await cases.open(replace(new_case(message_id=number), lead_id=lead.case_id), []))[0] for number in (2, 3)]
    other, _ = await cases.open(replace(new_case(message_id=4, author=person(6)), lead_id=lead.case_id), [])
    await AppealStore(db).open(mine[1], text="please", at=NOON)
    assert [case.case_id for case in await cases.followers(case_id=lead.case_id)] == [other.case_id]
    assert [case.case_id for case in await cases.followers(case_id=mine[1].case_id)] == [mine[0].case_id]
    assert (await cases.get(guild_id=GUILD, case_id=mine[1].case_id)).lead_id is None
