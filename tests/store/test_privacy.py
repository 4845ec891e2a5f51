"""What `bot/store/privacy.py` states is complete, and is what is done."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from bot.core.cases import Vote
from bot.core.policy import Delete
from bot.store.cases import CaseStore
from bot.store.database import Database
from bot.store.departures import DepartureStore
from bot.store.expiring import ExpiryStore
from bot.store.labels import LabelStore
from bot.store.privacy import BY_TABLE, PRIVACY, unstated
from bot.store.privacy_kinds import Table
from bot.store.privacy_tables import metadata
from bot.store.reports import ReportStore
from bot.store.tables import cases, predictions
from tests.builders import GUILD, MODEL, NOON, new_case, person
from tests.store.test_database import fill_every_table

KAI = person().user_id


def test_every_column_of_every_table_states_what_it_holds():
    assert unstated() == []


def test_a_column_that_states_no_retention_fails():
    later = sa.Table("later", sa.MetaData(), sa.Column("id", sa.Integer), sa.Column("friend_id", sa.BigInteger))
    assert Table(later, "Later", "Added later.", None, "id").problems() == ["later.friend_id is not stated"]


def test_a_column_of_bytes_that_says_not_how_it_is_sealed_fails():
    later = sa.Table("later", sa.MetaData(), sa.Column("id", sa.Integer), sa.Column("secret", sa.LargeBinary))
    stated = Table(later, "Later", "Added later.", None, "id secret")
    assert stated.problems() == ["later.secret is sealed without a statement"]


def test_a_table_that_is_stated_nowhere_fails():
    sa.Table("later", metadata, sa.Column("id", sa.Integer, primary_key=True))
    try:
        assert unstated() == ["table later is not stated"]
    finally:
        metadata.remove(metadata.tables["later"])


async def rows_of(db: Database) -> dict[str, int]:
    async with db.read() as connection:
        return {
            name: await connection.scalar(sa.select(sa.func.count()).select_from(row.table)) or 0
            for name, row in BY_TABLE.items()
        }


async def test_a_wiped_guild_leaves_nothing_and_another_keeps_everything(db: Database):
    await fill_every_table(db)
    other, _ = await CaseStore(db).open(new_case(message_id=7, guild_id=GUILD + 1), [Delete()])
    before = await rows_of(db)

    assert await DepartureStore(db).wipe(GUILD) >= len(PRIVACY) - 4

    async with db.read() as connection:
        for row in PRIVACY:
            if row.guild == "guild_id":
                left = sa.select(sa.func.count()).where(row.table.c.guild_id == GUILD)
                assert await connection.scalar(left) == 0, row.name
    after = await rows_of(db)
    assert (after["cases"], after["actions"]) == (1, 1)
    assert {name for name, number in after.items() if number} <= {"cases", "actions", "job_slots", "runs", "claims"}
    assert before["votes"]
    assert not after["votes"]
    assert (await CaseStore(db).get(guild_id=GUILD + 1, case_id=other.case_id)).text == "you clown"


async def test_a_wipe_goes_through_a_large_table_batch_by_batch(db: Database):
    row = {"channel_id": 1, "revision": 0, "created_at": NOON, "state": "scored"}
    rows = [row | {"message_id": number, "guild_id": number % 3} for number in range(3000)]
    async with db.begin() as connection:
        await connection.execute(predictions.insert(), rows)
    assert await DepartureStore(db).wipe(1) == 1000
    assert (await rows_of(db))["predictions"] == 2000


async def test_an_old_case_names_nobody_any_more_and_is_still_counted(db: Database):
    store = CaseStore(db)
    case, _ = await store.open(new_case(), [Delete()])
    await ReportStore(db).add(case_id=case.case_id, reporter_id=5, reason="rude", at=NOON)
    await fill_votes(db, case.case_id)
    await store.close(case_id=case.case_id, at=NOON)
    expiry = ExpiryStore(db)

    assert await expiry.drop_names(before=NOON) == 0
    assert await expiry.drop_names(before=NOON + timedelta(seconds=1)) == 1
    assert await expiry.drop_names(before=NOON + timedelta(seconds=1)) == 0

    after = await store.get(guild_id=GUILD, case_id=case.case_id)
    assert (after.author_id, after.text, after.message_id, after.reports) == (0, None, -case.case_id, 0)
    assert after.jump_url == f"https://discord.com/channels/{GUILD}/{case.channel_id}"
    assert [vote.moderator_id < 0 for vote in after.votes] == [True]
    assert (after.state, after.opened_why, after.reasons) == ("closed", "flagged", case.reasons)
    assert (await LabelStore(db).counts(GUILD))["insult"] == {"right": 1}


async def fill_votes(db: Database, case_id: int) -> None:
    vote = Vote(case_id, 9, "breaks_rules", {"insult": "right"}, MODEL, NOON)
    await LabelStore(db).vote(vote, scores={"insult": 0.9})


async def test_a_case_that_nobody_closed_for_a_year_closes_so_that_its_text_can_go(db: Database):
    store, expiry = CaseStore(db), ExpiryStore(db)
    await store.open(new_case(), [])
    later = NOON + timedelta(days=366)
    assert await expiry.close_left_open(before=NOON, at=later) == 0
    assert await expiry.close_left_open(before=NOON + timedelta(days=1), at=later) == 1
    (gone,) = await store.expire_texts(later, 10)
    assert (gone.state, gone.text) == ("closed", None)


async def test_what_is_over_its_age_goes_and_the_rest_stays(db: Database):
    await fill_every_table(db)
    before = await rows_of(db)
    assert await ExpiryStore(db).drop_older(now=NOON + timedelta(days=364), case_days=365) == 0
    await ExpiryStore(db).drop_older(now=NOON + timedelta(days=366), case_days=365)
    after = await rows_of(db)
    assert {name for name in before if before[name] != after[name]} == {"audit_draws", "judge_decisions"}
    assert (await rows_of(db))["cases"] == before["cases"]
    async with db.read() as connection:
        assert await connection.scalar(sa.select(cases.c.author_id)) == KAI
