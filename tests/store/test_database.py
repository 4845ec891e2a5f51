from __future__ import annotations

import asyncio
import itertools
import re
import stat
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from cryptography.fernet import Fernet
from sqlalchemy import event

from bot.config import Settings
from bot.core.cases import Note, Vote
from bot.core.guild_rules import GuildRules
from bot.core.lessons import NewLesson, Permit, Run
from bot.core.policy import Delete, Warn
from bot.core.sampling import Standing
from bot.errors import BadSettings, StoreUnavailable, UndecryptableText
from bot.store.appeals import AppealStore
from bot.store.audits import AuditStore
from bot.store.cases import CaseStore
from bot.store.claims import ClaimStore
from bot.store.crypto import TextKey, key_path
from bot.store.cursors import Cursor, CursorStore, Sighting
from bot.store.database import Database
from bot.store.departures import DepartureStore
from bot.store.guilds import GuildStore
from bot.store.keeping import Keeping
from bot.store.labels import LabelStore
from bot.store.leases import LeaseStore
from bot.store.lessons import LessonStore
from bot.store.notes import NoteStore
from bot.store.predictions import PredictionStore
from bot.store.privacy_tables import metadata
from bot.store.reports import ReportStore
from bot.store.runs import RunStore
from tests.builders import GUILD, MODEL, NOON, message, new_case, prediction


async def fill_every_table(db: Database) -> None:
    """One pass, so that each table holds at least one row."""
    await GuildStore(db).save(replace(GuildRules(GUILD), shadow=False), by=None, at=NOON)
    await PredictionStore(db).record(message(), [prediction()], at=NOON)
    case, _ = await CaseStore(db).open(new_case(), [Delete()])
    await ReportStore(db).add(case_id=case.case_id, reporter_id=5, reason="rude", at=NOON)
    vote = Vote(case.case_id, 9, "breaks_rules", {"insult": "right"}, MODEL, NOON)
    await LabelStore(db).vote(vote, scores={"insult": 0.9})
    await NoteStore(db).add(case_id=case.case_id, note=Note(9, "third time this week", NOON))
    await AppealStore(db).open(case, text="it was a joke", at=NOON)
    await AuditStore(db).keep(new_case(message_id=1001), Standing("insult", 0.4, 0.5))
    await AuditStore(db).make_batches(GUILD, at=NOON)
    await CursorStore(db).save([Cursor(GUILD, 1, 1000)], [Sighting(GUILD, NOON, NOON)], at=NOON)
    await fill_learning(db)
    await Keeping(db).opt_out(GUILD, 5, at=NOON)
    await DepartureStore(db).left([GUILD], at=NOON)


async def fill_learning(db: Database) -> None:
    lessons = LessonStore(db)
    await lessons.add([NewLesson(GUILD, "moderator_written", "you walnut", {"insult": 0.0}, 9, NOON)])
    await lessons.record_permit(GUILD, Permit("DIS-1", "all channels", 9, NOON))
    await lessons.decide_judge(guild_id=GUILD, moderator_id=9, decision="allow", by=1, at=NOON)
    await RunStore(db).open(Run("run-1", "queued", NOON))
    await LeaseStore(db, holder="me").take("learn", NOON, now=NOON, span=timedelta(minutes=1))
    await ClaimStore(db).take("card:1", now=NOON, span=timedelta(minutes=1))


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
    await fill_every_table(db)
    async with db.begin() as connection:
        await connection.execute(sa.text("INSERT INTO guilds (guild_id, rules) VALUES (1, '{}')"))
    await asyncio.to_thread(command.downgrade, db.alembic_config(), "base")
    assert await db.schema_state() == "missing"
    await db.migrate()
    await fill_every_table(db)
    async with db.read() as connection:
        for table in metadata.sorted_tables:
            assert await connection.scalar(sa.select(sa.func.count()).select_from(table)), table.name


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
    other_process = Database(db.url.render_as_string(hide_password=False), key=db.key)
    async with db.begin() as connection:
        await connection.execute(sa.text("INSERT INTO guilds (guild_id, rules) VALUES (1, '0')"))

    async def count_up(writer: Database) -> None:
        for _ in range(10):
            async with writer.begin() as connection:
                query = "SELECT rules FROM guilds WHERE guild_id = 1" + ("" if db.is_sqlite else " FOR UPDATE")
                value = int(await connection.scalar(sa.text(query)))
                await connection.execute(sa.text(f"UPDATE guilds SET rules = '{value + 1}' WHERE guild_id = 1"))

    await asyncio.gather(*(count_up(writer) for writer in (db, db, other_process, other_process)))
    async with db.read() as connection:
        assert int(await connection.scalar(sa.text("SELECT rules FROM guilds"))) == 40
    await other_process.close()


async def test_a_write_that_is_cancelled_at_any_statement_leaves_all_or_nothing_and_blocks_nobody(db: Database):
    store, cancelled = CaseStore(db), list[asyncio.Task[object]]()
    for last in range(10):
        statements = itertools.count()

        def cancel(*_: object, last: int = last, statements: itertools.count[int] = statements) -> None:
            if next(statements) == last:
                cancelled[last].cancel()

        cancelled.append(asyncio.create_task(store.open(new_case(message_id=last), [Warn(), Delete()])))
        event.listen(sa.Engine, "before_cursor_execute", cancel)
        await asyncio.wait([cancelled[last]])
        event.remove(sa.Engine, "before_cursor_execute", cancel)
    assert all(task.cancelled() for task in cancelled[:5])
    for number in range(10):
        case, _ = await store.open(new_case(message_id=number), [Warn(), Delete()])
        assert len(case.actions) == 2


async def test_a_database_without_its_tables_says_what_to_run(url: str, key: TextKey):
    db = Database(url, key=key)
    with pytest.raises(StoreUnavailable, match="run: candor migrate"):
        await CaseStore(db).open_count(1)
    await db.close()


async def test_tables_of_a_newer_version_are_left_alone(db: Database):
    async with db.begin() as connection:
        await connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    assert await db.schema_state() == "behind"
    with pytest.raises(StoreUnavailable, match="newer version"):
        await db.migrate()


async def test_a_missing_database_or_user_on_postgresql_is_a_sentence(postgres: sa.URL, key: TextKey):
    for url in (postgres.set(database="no_such_database"), postgres.set(username="no_such_user")):
        db = Database(url.render_as_string(hide_password=False), key=key)
        for asked in (db.ping, db.schema_state, db.migrate):
            with pytest.raises(StoreUnavailable, match="does not answer or refuses"):
                await asked()
        await db.close()


async def test_a_connection_that_the_server_ends_is_a_sentence_and_the_next_one_works(postgres: sa.URL, key: TextKey):
    db = Database(postgres.render_as_string(hide_password=False), key=key)
    with pytest.raises(StoreUnavailable):
        async with db.begin() as connection:
            await connection.execute(sa.text("SELECT pg_terminate_backend(pg_backend_pid())"))
    await db.ping()
    await db.close()


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
    for thread in threading.enumerate():  # aiosqlite reports to the event loop even that it has given up
        if "_connection_worker_thread" in thread.name:
            await asyncio.to_thread(thread.join)


@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        "oracle+nothing://x",
        "sqlite:///no-async-driver.db",
        "sqlite+aiosqlite://",
        "sqlite+aiosqlite:///:memory:",
        "postgresql://bot:hunter@host/name",
        "mysql+aiomysql://bot:hunter@host/name",
        "postgresql+asyncpg://bot:with@and:hunter@host/name",
    ],
)
def test_a_bad_url_is_refused_with_what_to_write_and_without_its_password(url: str, key: TextKey):
    with pytest.raises(BadSettings, match="CANDOR_DATABASE_URL") as caught:
        Database(url, key=key)
    assert "hunter" not in str(caught.value)


def test_the_key_is_made_once_and_only_the_owner_can_read_it(tmp_path: Path):
    settings = Settings(_env_file=None, data_dir=tmp_path)  # pyright: ignore[reportCallIssue]
    first = TextKey.from_settings(settings)
    assert stat.S_IMODE(key_path(settings).stat().st_mode) == 0o600
    assert TextKey.from_settings(settings).decrypt(first.encrypt("ü😂")) == "ü😂"
    assert [path.name for path in tmp_path.iterdir()] == ["candor.key"]


def test_first_starts_at_the_same_time_agree_on_one_key(tmp_path: Path):
    settings = Settings(_env_file=None, data_dir=tmp_path / "new" / "folder")  # pyright: ignore[reportCallIssue]
    with ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(lambda _: TextKey.from_settings(settings), range(16)))
    assert len({made.fingerprint("x") for made in keys}) == 1


def test_a_key_that_another_process_made_just_now_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    settings = Settings(_env_file=None, data_dir=tmp_path)  # pyright: ignore[reportCallIssue]
    first = TextKey.from_settings(settings)
    monkeypatch.setattr(Path, "exists", lambda path: False)
    assert TextKey.from_settings(settings).decrypt(first.encrypt("x")) == "x"
    assert [path.name for path in tmp_path.iterdir()] == ["candor.key"]


def test_a_damaged_key_file_is_named_and_not_replaced(tmp_path: Path):
    settings = Settings(_env_file=None, data_dir=tmp_path)  # pyright: ignore[reportCallIssue]
    for damage in (b"", b"half-a-key", b"\xff\xfe"):
        key_path(settings).write_bytes(damage)
        with pytest.raises(BadSettings, match=re.escape(str(key_path(settings)))):
            TextKey.from_settings(settings)
        assert key_path(settings).read_bytes() == damage


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
