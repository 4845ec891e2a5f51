"""What says that the database cannot be used now, and what is an error about one row alone."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from bot.errors import StoreUnavailable
from bot.store.cursor_tables import channel_cursors
from bot.store.database import Database, is_away
from tests.builders import NOON

AWAY = ("08006", "25006", "28P01", "40001", "40P01", "53100", "53300", "55P03", "57014", "57P01", "57P03", "58030")
OF_ONE_ROW = ("22001", "22021", "23502", "23505", "42P01")


async def refusal(db: Database, *statements: sa.Executable) -> StoreUnavailable:
    try:
        async with db.begin() as connection:
            for statement in statements:
                await connection.execute(statement)
    except StoreUnavailable as error:
        return error
    raise AssertionError("the database refused nothing")


@pytest.mark.parametrize(("states", "away"), [(AWAY, True), (OF_ONE_ROW, False)])
async def test_a_server_that_refuses_for_its_own_state_is_away(
    db: Database, states: tuple[str, ...], away: bool
) -> None:
    if db.is_sqlite:
        pytest.skip("SQLite has no SQLSTATE")
    for state in states:
        raises = sa.text(f"DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{state}'; END $$")
        assert is_away(await refusal(db, raises)) == away, state


async def test_a_server_that_only_reads_is_away(db: Database) -> None:
    row = channel_cursors.insert().values(channel_id=1, guild_id=1, decided_through=1, updated_at=NOON)
    only_reads = "PRAGMA query_only=ON" if db.is_sqlite else "SET TRANSACTION READ ONLY"
    assert is_away(await refusal(db, sa.text(only_reads), row))


async def test_a_row_that_is_there_already_says_nothing_of_the_database(db: Database) -> None:
    row = channel_cursors.insert().values(channel_id=1, guild_id=1, decided_through=1, updated_at=NOON)
    assert not is_away(await refusal(db, row, row))
