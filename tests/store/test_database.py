from __future__ import annotations

import asyncio
import stat
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from cryptography.fernet import Fernet

from bot.config import Settings
from bot.errors import BadSettings, StoreUnavailable, UndecryptableText
from bot.store.crypto import TextKey, key_path
from bot.store.database import Database
from bot.store.guilds import GuildStore
from bot.store.predictions import PredictionStore
from bot.store.tables import metadata
from tests.builders import NOON, message, prediction


async def test_a_new_database_is_missing_then_current(url: str, key: TextKey):
    db = Database(url, key=key)
    assert await db.schema_state() == "missing"
    await db.migrate()
    assert await db.schema_state() == "current"
    await db.migrate()
    await db.close()


async def test_the_migrations_make_exactly_the_tables_of_the_code(db: Database):
    def differences(connection: sa.Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        return compare_metadata(context, metadata)

    async with db.read() as connection:
        assert await connection.run_sync(differences) == []


async def test_the_schema_goes_up_down_and_up_again_with_rows_in_it(db: Database):
    await PredictionStore(db).record(message(), [prediction()], at=NOON)
    async with db.begin() as connection:
        await connection.execute(sa.text("INSERT INTO guilds (guild_id, rules) VALUES (1, '{}')"))
    await asyncio.to_thread(command.downgrade, db.alembic_config(), "base")
    assert await db.schema_state() == "missing"
    await db.migrate()
    assert await PredictionStore(db).record(message(), [prediction()], at=NOON)


MIGRATE = """
import asyncio, sys
from bot.store.crypto import TextKey
from bot.store.database import Database
asyncio.run(Database(sys.argv[1], key=TextKey(sys.argv[2])).migrate())
"""


async def test_two_bots_that_start_together_migrate_one_after_the_other(url: str, key: TextKey):
    secret = Fernet.generate_key().decode()
    starts = [asyncio.create_subprocess_exec(sys.executable, "-c", MIGRATE, url, secret) for _ in range(2)]
    bots = await asyncio.gather(*starts)
    assert [await bot.wait() for bot in bots] == [0, 0]
    db = Database(url, key=key)
    assert await db.schema_state() == "current"
    await db.close()


async def test_concurrent_writers_lose_no_update(db: Database):
    await GuildStore(db).get(1)
    async with db.begin() as connection:
        await connection.execute(sa.text("INSERT INTO guilds (guild_id, rules) VALUES (1, '0')"))

    async def add_one() -> None:
        for _ in range(10):
            async with db.begin() as connection:
                query = "SELECT rules FROM guilds WHERE guild_id = 1" + ("" if db.is_sqlite else " FOR UPDATE")
                value = int(await connection.scalar(sa.text(query)))
                await connection.execute(sa.text(f"UPDATE guilds SET rules = '{value + 1}' WHERE guild_id = 1"))

    await asyncio.gather(*(add_one() for _ in range(4)))
    async with db.read() as connection:
        assert int(await connection.scalar(sa.text("SELECT rules FROM guilds"))) == 40


async def test_a_database_that_does_not_answer_says_so_in_a_sentence(key: TextKey, tmp_path: Path):
    (tmp_path / "a file").write_text("")
    for url in (
        "postgresql+asyncpg://nobody:secret@127.0.0.1:9/none",
        f"sqlite+aiosqlite:///{tmp_path / 'a file' / 'x.db'}",
    ):
        db = Database(url, key=key)
        with pytest.raises(StoreUnavailable, match="does not answer") as caught:
            await db.ping()
        assert "secret" not in str(caught.value)
        await db.close()


@pytest.mark.parametrize("url", ["nonsense", "oracle+nothing://x"])
def test_a_bad_url_is_refused_with_what_to_write(url: str, key: TextKey):
    with pytest.raises(BadSettings, match="CANDOR_DATABASE_URL"):
        Database(url, key=key)


def test_the_key_is_made_once_and_only_the_owner_can_read_it(tmp_path: Path):
    settings = Settings(_env_file=None, data_dir=tmp_path)  # pyright: ignore[reportCallIssue]
    first = TextKey.from_settings(settings)
    assert stat.S_IMODE(key_path(settings).stat().st_mode) == 0o600
    assert TextKey.from_settings(settings).decrypt(first.encrypt("ü😂")) == "ü😂"
    assert [path.name for path in tmp_path.iterdir()] == ["candor.key"]


def test_a_key_shows_nowhere():
    secret = Fernet.generate_key().decode()
    assert secret not in repr(TextKey(secret))
    with pytest.raises(BadSettings) as caught:
        TextKey("my-bad-secret")
    assert "my-bad-secret" not in str(caught.value)


def test_another_key_cannot_read_and_says_which_setting(key: TextKey):
    other = TextKey(Fernet.generate_key().decode())
    with pytest.raises(UndecryptableText, match="CANDOR_ENCRYPTION_KEY"):
        other.decrypt(key.encrypt("x"))
    assert other.fingerprint("x") != key.fingerprint("x")


def test_fingerprints_ignore_case_and_spacing(key: TextKey):
    assert key.fingerprint("You  CLOWN\n") == key.fingerprint("you clown")
    assert key.fingerprint("you clown") != key.fingerprint("you clowns")
