"""Notes of moderators, and what was confirmed of a member before."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import sqlalchemy as sa

from bot.core.cases import Note, Vote
from bot.store.cases import CaseStore
from bot.store.database import Database
from bot.store.labels import LabelStore
from bot.store.notes import NoteStore
from bot.store.tables import notes
from tests.builders import EXPIRES, GUILD, MODEL, NOON, new_case, person

NOTE = Note(9, "third time this week", NOON)


async def test_a_note_stands_on_its_case_and_is_unreadable_in_the_file(db: Database):
    case, _ = await CaseStore(db).open(new_case(), [])
    assert await NoteStore(db).add(case_id=case.case_id, note=NOTE)
    assert (await CaseStore(db).get(guild_id=GUILD, case_id=case.case_id)).notes == (NOTE,)
    async with db.read() as connection:
        assert b"third" not in (await connection.scalars(sa.select(notes.c.payload))).one()


async def test_the_same_note_of_a_moderator_is_kept_once(db: Database):
    case, _ = await CaseStore(db).open(new_case(), [])
    store = NoteStore(db)
    assert await store.add(case_id=case.case_id, note=NOTE)
    assert not await store.add(case_id=case.case_id, note=replace(NOTE, at=NOON + timedelta(seconds=1)))
    assert await store.add(case_id=case.case_id, note=replace(NOTE, moderator_id=10))


async def test_notes_and_the_answered_message_go_with_the_text(db: Database):
    cases = CaseStore(db)
    case, _ = await cases.open(replace(new_case(), reply_to=("Priya", "anyone up for co-op?")), [])
    assert case.reply_to == ("Priya", "anyone up for co-op?")
    await NoteStore(db).add(case_id=case.case_id, note=NOTE)
    await cases.close(case_id=case.case_id, at=NOON)
    (expired,) = await cases.expire_texts(EXPIRES + timedelta(days=1), 10)
    assert (expired.text, expired.reply_to, expired.notes) == (None, None, ())


async def decided(db: Database, message_id: int, verdict: str, *, close: bool = True) -> int:
    case, _ = await CaseStore(db).open(new_case(f"you clown {message_id}", message_id=message_id), [])
    vote = Vote(case.case_id, 9, verdict, {"insult": "right"}, MODEL, NOON)  # type: ignore[arg-type]
    await LabelStore(db).vote(vote, scores={})
    if close:
        await CaseStore(db).close(case_id=case.case_id, at=NOON)
    return case.case_id


async def test_confirmed_before_counts_older_closed_cases_that_nobody_called_fine(db: Database):
    cases = CaseStore(db)
    first = await decided(db, 1, "breaks_rules")
    newest = await decided(db, 2, "breaks_rules")
    await decided(db, 3, "fine")
    await decided(db, 4, "breaks_rules", close=False)
    now, _ = await cases.open(new_case("again", message_id=5), [])
    await decided(db, 6, "breaks_rules")
    since = NOON - timedelta(days=90)
    assert await cases.confirmed_before(now, since=since) == (2, newest)
    assert await cases.confirmed_before(replace(now, case_id=newest), since=since) == (1, first)
    assert await cases.confirmed_before(now, since=NOON + timedelta(days=1)) == (0, None)
    assert await cases.confirmed(guild_id=GUILD, author_id=person().user_id, since=since) == 3


async def test_a_case_knows_who_else_wrote_what_its_card_shows(db: Database):
    cases = CaseStore(db)
    lead, _ = await cases.open(new_case(message_id=1), [])
    for number, author in ((2, 7), (3, 7), (4, 1)):
        await cases.open(replace(new_case(message_id=number, author=person(author)), lead_id=lead.case_id), [])
    lead = await cases.get(guild_id=GUILD, case_id=lead.case_id)
    assert (lead.followers, lead.other_author_ids) == (3, {7})
