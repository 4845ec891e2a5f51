"""Migrations with rows in every table, on both databases: up, down and up again, and while others work."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import count

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory

from bot.errors import StoreUnavailable
from bot.store.crypto import TextKey
from bot.store.database import Database
from bot.store.downgrading import downgrade, steps_down
from tests.databases import postgres_database
from tests.store.filling import contents, fill, kept, schema

BEFORE_ROLLING = "0011"
"""Older versions were not meant to run on a newer schema."""


@pytest.fixture
async def old(url: str, key: TextKey) -> AsyncIterator[Database]:
    """A database without any table."""
    made = Database(url, key=key)
    yield made
    await made.close()


def revisions(db: Database) -> list[str]:
    """All of them, the first first."""
    scripts = ScriptDirectory.from_config(db.alembic_config())
    return [script.revision for script in scripts.walk_revisions()][::-1]


async def test_what_was_stored_at_any_revision_is_there_at_the_newest_and_on_the_way_back(old: Database):
    numbers, steps = count(1), revisions(old)
    for step in steps:
        before = await contents(old) if step != steps[0] else {}
        await old.migrate(step)
        assert kept(before, await contents(old)) == [], f"lost on the way up to {step}"
        await fill(old, await schema(old), numbers)
    assert await old.schema_state() == "current"
    for step in reversed(steps[:-1]):
        before = await contents(old)
        await downgrade(old, step)
        assert kept(before, await contents(old)) == [], f"lost on the way down to {step}"
        await fill(old, await schema(old), numbers)
    before = await contents(old)
    await old.migrate()
    assert kept(before, await contents(old)) == []
    await fill(old, await schema(old), numbers)
    await downgrade(old, "base")
    assert await old.schema_state() == "missing"


async def test_going_back_to_before_names_takes_their_cases_along_and_all_that_hangs_on_them(old: Database):
    await old.migrate()
    await fill(old, await schema(old), count(1))
    async with old.begin() as connection:
        await connection.execute(sa.text("UPDATE cases SET subject = 'nickname' WHERE id = 1"))
    await downgrade(old, "0007")
    left = await contents(old)
    assert [row["id"] for row in left["cases"]] == [2]
    hanging = ("actions", "reports", "notes", "appeals", "votes")
    assert [{row["case_id"] for row in left[name]} for name in hanging] == [{2}] * len(hanging)
    assert [row["vote_id"] for row in left["vote_labels"]] == [2]


async def test_an_older_version_goes_on_writing_once_a_newer_one_has_migrated(old: Database):
    numbers, steps = count(1), revisions(old)
    await old.migrate(BEFORE_ROLLING)
    for step in steps[steps.index(BEFORE_ROLLING) + 1 :]:
        known = await schema(old)
        await old.migrate(step)
        await fill(old, known, numbers)


async def test_a_migration_waits_for_whoever_uses_a_table_and_holds_up_nobody(postgres_only: Database, key: TextKey):
    db = postgres_only
    await db.migrate(BEFORE_ROLLING)
    other = Database(db.url.render_as_string(hide_password=False), key=key)
    async with other.read() as reader:
        await reader.execute(sa.text("SELECT count(*) FROM actions"))  # a long report: the table stays in its hands
        migrating = asyncio.create_task(db.migrate())
        async with db.read() as watching:
            waits = sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted AND mode = 'AccessExclusiveLock'")
            while not await watching.scalar(waits):
                assert not migrating.done()
        async with other.begin() as writer:  # comes behind the migration in the row of those who wait
            await writer.execute(sa.text("UPDATE actions SET detail = NULL"))
        assert not migrating.done()
    await migrating
    assert await db.schema_state() == "current"
    await other.close()


async def test_going_back_says_what_each_step_does(old: Database):
    assert await steps_down(old, "0008") == []
    await old.migrate()
    steps = await steps_down(old, "0008")
    assert [step.revision for step in steps] == revisions(old)[:7:-1]
    assert all(step.does.endswith(".") for step in steps)
    assert "are lost" in steps[-1].does
    await downgrade(old, "0008")
    assert await old.revision() == "0008"


async def test_a_revision_that_there_is_not_is_named_with_those_that_there_are(old: Database):
    with pytest.raises(StoreUnavailable, match=r"no revision 9999 .* 0001, 0002"):
        await steps_down(old, "9999")


@pytest.fixture
async def postgres_only(postgres: sa.URL, key: TextKey) -> AsyncIterator[Database]:
    async with postgres_database(postgres) as made:
        db = Database(made.render_as_string(hide_password=False), key=key)
        yield db
        await db.close()
