"""`candor rotate-key`: a new key, and every stored text written anew with it.

In three steps, each of which the next run goes on from: both keys are put where the bot finds them, the texts are
written anew, the old key is taken away. The bot must not run meanwhile: one that knows only the old key would go on
writing with it.
"""

from __future__ import annotations

import fcntl
from datetime import datetime
from pathlib import Path

import structlog

from bot.config import Settings
from bot.errors import BadSettings, BotError
from bot.flow.presence import NAME
from bot.flow.slots import SKEW
from bot.store.crypto import TextKey, key_path, new_key, replace_keys, split_keys
from bot.store.database import Database
from bot.store.leases import LeaseStore
from bot.store.rotating import Rotated, rotate
from bot.store.set_aside import UNREADABLE
from bot.store.spool import Spool
from moderation_model.pictures import counted

log = structlog.get_logger(__name__)

SPOOLS = "candor.spool*"

RUNNING = (
    "The bot is running, and it would go on writing with the old key. Stop every process of it, wait two minutes, and "
    "run candor rotate-key again."
)
NO_KEY = "There is no key yet, and no text. The first start makes one."
DONE = "{rows} written anew with the new key."
KEPT_OLD = (
    "Messages wait in {spool}, sealed with the old key, so that one stays in {path} for now. Start the bot once, so "
    "that they are worked off, stop it, and run candor rotate-key again."
)
FILE_DONE = "{path} holds the new key alone. Keep a copy of it elsewhere, and throw copies of the old one away."
UNREADABLE_ROWS = "{rows} could be read with no key that is known; they are as they were, and go with their time."
SET_BOTH = (
    "Set CANDOR_ENCRYPTION_KEY for every process to the line below (the new key, then the old one), and run "
    "candor rotate-key again:\n{keys}"
)
SET_NEW = (
    "Now set CANDOR_ENCRYPTION_KEY to its first key alone, once no other machine of the bot has a candor.spool with "
    "something in it, and throw copies of the old one away."
)


async def rotate_key(settings: Settings, *, now: datetime) -> str:
    """Change the key, or go on with a change that was cut short; what was done and what is left, in sentences.

    Raises BadSettings, StoreUnavailable, SpoolUnavailable, and BotError where the bot runs.
    """
    given = settings.encryption_key.get_secret_value() if settings.encryption_key is not None else None
    path = key_path(settings)
    if given is None and not path.exists():
        raise BadSettings(NO_KEY)
    TextKey.from_settings(settings)  # a damaged key is named before anything is done
    keys = split_keys(given if given is not None else path.read_text("utf-8"))
    if given is not None and len(keys) == 1:
        return SET_BOTH.format(keys=",".join([new_key(), *keys]))
    await _require_stopped(settings, keys, now)
    if given is None and len(keys) == 1:
        keys = [new_key(), *keys]
        replace_keys(path, keys)
    _take_back(settings, keys)
    done = await _written_anew(settings, keys)
    said = [DONE.format(rows=counted(done.rows, "row"))]
    if done.unreadable:
        said.append(UNREADABLE_ROWS.format(rows=counted(done.unreadable, "row")))
    waiting = [spool.name for spool in _spools(settings) if spool.stat().st_size]
    if waiting:
        where = path if given is None else "CANDOR_ENCRYPTION_KEY"
        return " ".join([*said, KEPT_OLD.format(spool=", ".join(waiting), path=where)])
    if given is not None:
        return " ".join([*said, SET_NEW])
    await _require_stopped(settings, keys, now)
    replace_keys(path, keys[:1])
    return " ".join([*said, FILE_DONE.format(path=path)])


async def _written_anew(settings: Settings, keys: list[str]) -> Rotated:
    db = Database(settings.sql_url, key=TextKey(",".join(keys)))
    try:
        await db.migrate()
        done = await rotate(db)
        log.info("key_rotated", rows=done.rows, unreadable=done.unreadable)
        return done
    finally:
        await db.close()


def _take_back(settings: Settings, keys: list[str]) -> None:
    """Entries of the spool that could not be read before and can be now wait in it again. Raises SpoolUnavailable."""
    if (settings.data_dir / UNREADABLE).exists():
        spool = Spool(settings.data_dir, key=TextKey(",".join(keys)))
        try:
            spool.open()
        finally:
            spool.close()


async def _require_stopped(settings: Settings, keys: list[str], now: datetime) -> None:
    """Raises BotError while a process of the bot uses this database or this data folder."""
    if any(_is_held(spool) for spool in _spools(settings)):
        raise BotError(RUNNING)
    db = Database(settings.sql_url, key=TextKey(",".join(keys)))
    try:
        if await db.schema_state() == "current":
            leases = LeaseStore(db, holder="rotate-key")
            if await leases.held(NAME, now=now, until=now + SKEW):
                raise BotError(RUNNING)
    finally:
        await db.close()


def _spools(settings: Settings) -> list[Path]:
    return [path for path in sorted(settings.data_dir.glob(SPOOLS)) if path.name != UNREADABLE]


def _is_held(spool: Path) -> bool:
    """Whether a running process has the file locked."""
    with spool.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
