"""Messages drawn for checking wait encrypted, ten to a batch, and go with the answer or with their time."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet

from bot.core.cases import CardRef, NewCase, Vote
from bot.core.sampling import Standing
from bot.errors import CaseNotFound
from bot.store.audits import AuditStore
from bot.store.cases import CaseStore
from bot.store.crypto import TextKey
from bot.store.database import Database
from bot.store.labels import LabelStore
from bot.store.predictions import PredictionStore
from tests.builders import CHANNEL, EXPIRES, GUILD, MODEL, NOON, message, new_case, person, prediction

CLOSE = Standing("insult", 0.4, 0.5)


def drawn(message_id: int = 1000, text: str = "a very particular line", *, guild_id: int = GUILD) -> NewCase:
    case = new_case(text, message_id=message_id, author=person(77), guild_id=guild_id)
    return replace(case, opened_why="audit", reasons=(), withheld_why=None, inclusion_probability=0.25)


async def keep(db: Database, number: int, *, guild_id: int = GUILD) -> AuditStore:
    store = AuditStore(db)
    for message_id in range(number):
        await store.keep(drawn(guild_id * 1000 + message_id, guild_id=guild_id), CLOSE)
    return store


async def test_a_draw_comes_back_as_the_case_that_it_becomes(db: Database):
    store = AuditStore(db)
    await store.keep(drawn(), CLOSE)
    assert await store.make_batches(GUILD, at=NOON) == 1
    (batch,) = await store.without_card()
    assert [draw.case for draw in batch.draws] == [drawn()]
    assert (batch.state, batch.lines, batch.card) == ("open", 1, None)


async def test_neither_text_nor_author_of_a_draw_stands_in_the_database_readably(db: Database):
    await AuditStore(db).keep(replace(drawn(), author_name="Kai Particularly"), CLOSE)
    async with db.read() as connection:
        row = tuple((await connection.execute(sa.text("SELECT * FROM audit_draws"))).one())
    # Not three letters: a ciphertext in base64 holds any three now and then.
    assert "particular" not in repr(row).casefold()
    assert 77 not in row


async def test_a_message_is_drawn_once(db: Database):
    store = AuditStore(db)
    await store.keep(drawn(), CLOSE)
    await store.keep(drawn(), CLOSE)
    await store.keep(replace(drawn(), revision=5), CLOSE)
    await store.make_batches(GUILD, at=NOON)
    assert [batch.lines for batch in await store.without_card()] == [2]


async def test_ten_stand_on_a_card_and_nothing_stands_on_two(db: Database):
    store = await keep(db, 23)
    assert await store.make_batches(GUILD, at=NOON) == 3
    assert await store.make_batches(GUILD, at=NOON) == 0
    batches = await store.without_card()
    assert [len(batch.draws) for batch in batches] == [10, 10, 3]
    assert len({draw.draw_id for batch in batches for draw in batch.draws}) == 23


async def test_a_guild_is_due_once_a_line_has_waited_long_enough(db: Database):
    store = await keep(db, 2)
    await keep(db, 1, guild_id=GUILD + 1)
    assert await store.due(drawn_before=NOON - timedelta(seconds=1)) == []
    assert sorted(await store.due(drawn_before=NOON)) == [GUILD, GUILD + 1]
    await store.make_batches(GUILD, at=NOON)
    assert await store.due(drawn_before=NOON) == [GUILD + 1]


async def test_a_batch_of_another_guild_is_not_found(db: Database):
    store = await keep(db, 1)
    await store.make_batches(GUILD, at=NOON)
    (batch,) = await store.without_card()
    with pytest.raises(CaseNotFound, match=f"no audit {batch.batch_id}"):
        await store.get(guild_id=GUILD + 1, batch_id=batch.batch_id)


async def test_an_answered_batch_knows_its_bad_cases_and_keeps_no_text_of_its_own(db: Database):
    store = await keep(db, 2)
    await store.make_batches(GUILD, at=NOON)
    (batch,) = await store.without_card()
    await store.set_card(batch_id=batch.batch_id, card=CardRef(1, 2))
    case_ids: list[int] = []
    for draw, verdict in zip(batch.draws, ("breaks_rules", "fine"), strict=True):
        case, _ = await CaseStore(db).open(draw.case, ())
        await LabelStore(db).vote(Vote(case.case_id, 9, verdict, {}, MODEL, NOON), scores={})
        await store.set_case(draw_id=draw.draw_id, case_id=case.case_id)
        case_ids.append(case.case_id)
    await store.set_answered(batch_id=batch.batch_id, by=9, at=NOON)
    (after,) = await store.unscrubbed()
    assert (after.state, after.draws, after.lines, after.answered_by) == ("answered", (), 2, 9)
    assert after.bad_case_ids == (case_ids[0],)
    assert after.card == CardRef(1, 2)
    await store.set_scrubbed(batch_id=batch.batch_id)
    assert await store.unscrubbed() == []
    assert await store.expire(EXPIRES) == 0


async def test_texts_go_when_their_time_is_over_and_their_batch_with_them(db: Database):
    store = await keep(db, 2)
    await store.keep(replace(drawn(4), text_expires_at=EXPIRES + timedelta(hours=5)), CLOSE)
    await store.make_batches(GUILD, at=NOON)
    (batch,) = await store.without_card()
    await store.set_card(batch_id=batch.batch_id, card=CardRef(1, 2))
    await store.keep(replace(drawn(5), text_expires_at=EXPIRES + timedelta(days=1)), CLOSE)
    assert await store.expire(EXPIRES - timedelta(seconds=1)) == 0
    assert await store.expire(EXPIRES) == 3
    (after,) = await store.unscrubbed()
    assert (after.batch_id, after.state, after.draws) == (batch.batch_id, "expired", ())
    assert await store.due(drawn_before=NOON) == [GUILD]
    assert await store.expire(EXPIRES + timedelta(days=1)) == 1
    assert await store.due(drawn_before=NOON) == []


async def test_the_volume_is_what_the_guilds_channels_saw_since_then(db: Database):
    recorded = PredictionStore(db)
    for number, (guild_id, channel_id, at) in enumerate(
        [
            (GUILD, CHANNEL, NOON),
            (GUILD, 5, NOON + timedelta(hours=1)),
            (GUILD, 5, NOON - timedelta(days=9)),
            (1, 5, NOON),
        ]
    ):
        written = message(message_id=number, guild_id=guild_id, channel_id=channel_id, at=at)
        await recorded.record(written, [prediction({"insult": number / 10})], at=at)
    seen = await AuditStore(db).seen(GUILD, since=NOON - timedelta(days=7), newest=100)
    assert (seen.messages, seen.first) == (2, NOON)
    assert [scores["insult"] for scores in seen.scores] == [0.1, 0.0]
    assert len((await AuditStore(db).seen(GUILD, since=NOON, newest=1)).scores) == 1
    nothing = await AuditStore(db).seen(999, since=NOON, newest=1)
    assert (nothing.messages, nothing.first, nothing.scores) == (0, None, ())


async def test_the_seed_stays_the_same_and_is_another_with_another_key(db: Database):
    assert AuditStore(db).seed == AuditStore(db).seed
    assert b"audit" not in AuditStore(db).seed


async def test_a_line_that_another_key_wrote_is_left_out_and_the_others_stand(db: Database):
    other = Database(db.url.render_as_string(hide_password=False), key=TextKey(Fernet.generate_key().decode()))
    await AuditStore(other).keep(drawn(1), CLOSE)
    await other.close()
    await AuditStore(db).keep(drawn(2), CLOSE)
    await AuditStore(db).make_batches(GUILD, at=NOON)
    (batch,) = await AuditStore(db).without_card()
    assert [draw.case.message_id for draw in batch.draws] == [2]
    assert await AuditStore(db).expire(EXPIRES) == 2
