"""The key of the stored texts is changed: every text is readable afterwards, whatever was killed when."""

from __future__ import annotations

import itertools

import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet
from sqlalchemy import event

from bot.core.cases import Note
from bot.core.lessons import NewLesson
from bot.errors import StoreUnavailable, UndecryptableText
from bot.store.cases import CaseStore
from bot.store.crypto import TextKey
from bot.store.database import Database
from bot.store.grouping import GroupStore
from bot.store.lessons import LessonStore
from bot.store.notes import NoteStore
from bot.store.rotating import rotate
from tests.builders import GUILD, NOON, new_case
from tests.sealed_texts import every_text
from tests.store.test_database import fill_every_table

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


def under(db: Database, *keys: str) -> Database:
    db.key = TextKey(",".join(keys))
    return db


async def filled(db: Database, *, more: int = 0) -> set[str]:
    """Texts of the old key in every table that holds some; all of them."""
    await fill_every_table(under(db, OLD))
    for number in range(more):
        await CaseStore(db).open(new_case(f"text {number}", message_id=2000 + number), [])
    return await every_text(db)


async def test_every_text_is_of_the_new_key_and_says_the_same(db: Database):
    before = await filled(db, more=250)
    done = await rotate(under(db, NEW, OLD))
    assert (done.rows, done.unreadable) == (256, 0)
    assert await every_text(under(db, NEW)) == before
    with pytest.raises(UndecryptableText):
        await every_text(under(db, OLD))


async def test_rotation_killed_in_the_middle_goes_on(db: Database):
    before = await filled(db, more=250)
    both = under(db, NEW, OLD)
    for last in (1, 3, 120, 130):
        writes = itertools.count()

        def end(connection: object, cursor: object, statement: str, *rest: object, **more: object) -> None:
            if statement.startswith("UPDATE") and next(writes) == last:  # noqa: B023
                raise OSError("killed")

        event.listen(sa.Engine, "before_cursor_execute", end)
        with pytest.raises((StoreUnavailable, OSError)):
            await rotate(both)
        event.remove(sa.Engine, "before_cursor_execute", end)
        assert await every_text(both) == before
    await rotate(both)
    assert await every_text(under(db, NEW)) == before
    assert (await rotate(under(db, NEW, OLD))).rows == 0


async def test_equal_texts_are_found_equal_under_the_new_key(db: Database):
    under(db, OLD)
    case, _ = await CaseStore(db).open(new_case("what a clown"), [])
    note = Note(9, "third time", NOON)
    await NoteStore(db).add(case_id=case.case_id, note=note)
    lesson = NewLesson(GUILD, "moderator_written", "you walnut", {"insult": 0.0}, 9, NOON)
    await LessonStore(db).add([lesson])

    await rotate(under(db, NEW, OLD))
    under(db, NEW)

    assert await CaseStore(db).lead_for(guild_id=GUILD, text="What a  clown", since=NOON) == case.case_id
    (card,) = await GroupStore(db).cards(guild_id=GUILD, since=NOON, text="what a clown", author_id=0)
    assert card.same
    assert not await NoteStore(db).add(case_id=case.case_id, note=note)
    assert await LessonStore(db).add([lesson]) == 0


async def test_what_was_written_again_between_two_runs_stops_nothing(db: Database):
    under(db, OLD)
    case, _ = await CaseStore(db).open(new_case(), [])
    await NoteStore(db).add(case_id=case.case_id, note=Note(9, "third time", NOON))
    under(db, NEW, OLD)
    assert await NoteStore(db).add(case_id=case.case_id, note=Note(9, "third time", NOON))
    assert (await rotate(db)).rows == 2
    notes = (await CaseStore(under(db, NEW)).get(guild_id=GUILD, case_id=case.case_id)).notes
    assert [note.text for note in notes] == ["third time", "third time"]


async def test_a_row_of_a_lost_key_is_counted_and_left_alone(db: Database):
    await CaseStore(under(db, Fernet.generate_key().decode())).open(new_case(), [])
    await CaseStore(under(db, OLD)).open(new_case(message_id=2), [])
    done = await rotate(under(db, NEW, OLD))
    assert (done.rows, done.unreadable) == (1, 1)
