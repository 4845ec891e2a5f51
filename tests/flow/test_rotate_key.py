"""`candor rotate-key`: the key file and the texts change together, or go on with both keys after a kill."""

from __future__ import annotations

import asyncio
import fcntl
import shutil
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.config import Settings
from bot.core.spooled import Deletion, to_json
from bot.errors import BadSettings, BotError
from bot.flow.presence import NAME, SPAN
from bot.flow.rotating import rotate_key
from bot.store.cases import CaseStore
from bot.store.crypto import TextKey, key_path, new_key
from bot.store.database import Database
from bot.store.leases import LeaseStore
from tests.builders import GUILD, new_case

NOW = datetime(2026, 3, 1, tzinfo=UTC)
KILLED = """
import asyncio, os, sys
from datetime import UTC, datetime
from bot.config import Settings
from bot.flow import rotating as flow
from bot.store import rotating
write, left = rotating._write, [int(sys.argv[2])]
async def killed(*given):
    left[0] -= 1
    if left[0] < 0:
        os._exit(9)
    return await write(*given)
rotating._write = killed
asyncio.run(flow.rotate_key(Settings(_env_file=None, data_dir=sys.argv[1]), now=datetime(2026, 3, 1, tzinfo=UTC)))
"""


@pytest.fixture
def settings(tmp_path: Path, migrated: Path) -> Settings:
    """A data folder of its own."""
    shutil.copytree(migrated, tmp_path, dirs_exist_ok=True)
    return Settings(_env_file=None, data_dir=tmp_path)  # pyright: ignore[reportCallIssue]


def keys_in(settings: Settings) -> list[str]:
    return key_path(settings).read_text("utf-8").split()


async def texts(settings: Settings, number: int) -> set[str | None]:
    """The stored texts, as the bot reads them with the key that it finds."""
    db = Database(settings.sql_url, key=TextKey.from_settings(settings))
    found = {(await CaseStore(db).get(guild_id=GUILD, case_id=each + 1)).text for each in range(number)}
    await db.close()
    return found


async def write(settings: Settings, number: int) -> set[str | None]:
    db = Database(settings.sql_url, key=TextKey.from_settings(settings))
    for each in range(number):
        await CaseStore(db).open(new_case(f"text {each}", message_id=each + 1), [])
    await db.close()
    return {f"text {each}" for each in range(number)}


async def test_the_key_is_replaced_and_every_text_can_still_be_read(settings: Settings):
    written = await write(settings, 5)
    (old,) = keys_in(settings)

    said = await rotate_key(settings, now=NOW)

    assert "5 rows written anew" in said
    (new,) = keys_in(settings)
    assert new != old
    assert new not in said
    assert stat.S_IMODE(key_path(settings).stat().st_mode) == 0o600
    assert await texts(settings, 5) == written


async def test_rotation_killed_in_the_middle_goes_on(settings: Settings):
    written = await write(settings, 150)
    for rows in (0, 40, 120):
        command = [sys.executable, "-c", KILLED, str(settings.data_dir), str(rows)]
        killed = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=False)
        assert killed.returncode == 9, killed.stderr
        assert len(keys_in(settings)) == 2
        assert stat.S_IMODE(key_path(settings).stat().st_mode) == 0o600
        assert await texts(settings, 150) == written
    both = keys_in(settings)
    await rotate_key(settings, now=NOW)
    assert keys_in(settings) == both[:1]
    assert await texts(settings, 150) == written


async def test_it_refuses_while_the_bot_runs(settings: Settings):
    written = await write(settings, 1)
    before = keys_in(settings)
    db = Database(settings.sql_url, key=TextKey.from_settings(settings))
    lease = await LeaseStore(db, holder="bot").take(NAME, NOW, now=NOW, span=SPAN)
    assert lease is not None
    with pytest.raises(BotError, match="bot is running"):
        await rotate_key(settings, now=NOW + timedelta(seconds=30))
    assert keys_in(settings) == before
    await rotate_key(settings, now=NOW + 2 * SPAN)
    await db.close()
    assert await texts(settings, 1) == written


async def test_it_refuses_while_a_process_holds_the_spool_and_keeps_the_old_key_while_something_waits_there(
    settings: Settings,
):
    (old,) = keys_in(settings)
    spool = settings.data_dir / "candor.spool"
    waiting = TextKey.from_settings(settings).encrypt("an entry")
    spool.write_bytes(waiting + b"\n")
    with spool.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(BotError, match="bot is running"):
            await rotate_key(settings, now=NOW)
    said = await rotate_key(settings, now=NOW)
    assert "Messages wait in candor.spool" in said
    assert keys_in(settings)[1:] == [old]
    assert TextKey.from_settings(settings).decrypt(waiting) == "an entry"
    spool.write_bytes(b"")
    await rotate_key(settings, now=NOW)
    assert len(keys_in(settings)) == 1


async def test_a_key_of_the_environment_is_changed_by_who_sets_it(settings: Settings):
    written = await write(settings, 3)
    (old,) = keys_in(settings)
    given = settings.model_copy(update={"encryption_key": SecretStr(old)})
    said = await rotate_key(given, now=NOW)
    both = said.splitlines()[-1]
    assert both.split(",")[1] == old
    assert await texts(given, 3) == written

    given = settings.model_copy(update={"encryption_key": SecretStr(both)})
    said = await rotate_key(given, now=NOW)
    assert "to its first key alone" in said
    given = settings.model_copy(update={"encryption_key": SecretStr(both.split(",", maxsplit=1)[0])})
    assert await texts(given, 3) == written
    assert keys_in(settings) == [old]


@pytest.mark.parametrize("place", ["key file", "environment"])
async def test_a_lost_key_that_is_back_lets_what_it_sealed_wait_in_the_spool_again(settings: Settings, place: str):
    lost = new_key()
    sealed = TextKey(lost).encrypt(to_json(Deletion(GUILD, (1, 2))))
    (settings.data_dir / "candor.spool.unreadable").write_bytes(sealed + b"\n")
    both = ",".join([*keys_in(settings), lost])
    if place == "environment":
        settings = settings.model_copy(update={"encryption_key": SecretStr(both)})
    else:
        key_path(settings).write_text(both, "utf-8")

    said = await rotate_key(settings, now=NOW)

    assert "Messages wait in candor.spool, sealed with the old key" in said
    assert (settings.data_dir / "candor.spool").read_bytes() == sealed + b"\n"
    assert not (settings.data_dir / "candor.spool.unreadable").exists()


async def test_with_a_key_of_the_environment_the_old_one_stays_while_something_waits_in_the_spool(settings: Settings):
    (old,) = keys_in(settings)
    given = settings.model_copy(update={"encryption_key": SecretStr(f"{new_key()},{old}")})
    spool = settings.data_dir / "candor.spool"
    spool.write_bytes(TextKey(old).encrypt(to_json(Deletion(GUILD, (1, 2)))) + b"\n")

    said = await rotate_key(given, now=NOW)

    assert "that one stays in CANDOR_ENCRYPTION_KEY for now" in said
    assert "to its first key alone" not in said
    spool.write_bytes(b"")
    assert "to its first key alone" in await rotate_key(given, now=NOW)


async def test_there_is_nothing_to_change_before_the_first_start(tmp_path: Path):
    settings = Settings(_env_file=None, data_dir=tmp_path)  # pyright: ignore[reportCallIssue]
    with pytest.raises(BadSettings, match="no key yet"):
        await rotate_key(settings, now=NOW)
