"""What `candor doctor` says of the bot that runs here: its own states, its spool, and the room on its disk."""

from __future__ import annotations

import shutil

import aiohttp

from bot.config import Settings
from bot.core.findings import Finding
from bot.core.states import findings
from bot.store.crypto import key_path
from bot.store.set_aside import UNREADABLE
from bot.store.spool import left_in

LEAST_BYTES = 200 * 1024 * 1024
"""Less room than this is told before it is used up: a day of a busy server's scores takes about a quarter of it."""
ASK_SECONDS = 5.0


async def examine_running(settings: Settings) -> list[Finding]:
    """The findings. The states of the running bot only where it has a port for its health."""
    return [_room(settings), _spool(settings), *await _states(settings)]


def _room(settings: Settings) -> Finding:
    folder = next(path for path in (settings.data_dir, *settings.data_dir.absolute().parents) if path.exists())
    free = shutil.disk_usage(folder).free
    if free < LEAST_BYTES:
        fix = "Make room: without it the database takes no more rows, and the spool no more messages."
        return Finding("disk", False, f"Only {free // 1_000_000} MB are free at {folder}.", fix)
    return Finding("disk", True, f"{free // 1_000_000_000} GB are free at {folder}.")


def _spool(settings: Settings) -> Finding:
    waiting, unreadable = left_in(settings.data_dir)
    if unreadable:
        path, where = settings.data_dir / UNREADABLE, key_path(settings)
        place = "in CANDOR_ENCRYPTION_KEY" if settings.encryption_key is not None else f"in {where}"
        said = f"{unreadable} entries of the spool could not be read, for another key or for damage: {path}."
        fix = (
            f"Write the key that sealed them behind the one {place}, with a comma between, and start the bot: they are "
            f"gone through then. Without it they go {settings.text_days} days after the last one was put there."
        )
        return Finding("spool", False, said, fix)
    if waiting:
        fix = "Start the bot and the database: the spool is gone through then."
        return Finding("spool", False, f"{waiting} messages wait in the spool for the database.", fix)
    return Finding("spool", True, "Nothing waits in the spool.")


async def _states(settings: Settings) -> list[Finding]:
    if not settings.health_port:
        return []
    about, url = "running bot", f"http://127.0.0.1:{settings.health_port}/healthz"
    try:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(ASK_SECONDS)) as http, http.get(url) as answer:
            states = await answer.json()
    except (aiohttp.ClientConnectorError, ConnectionError):
        return [Finding(about, True, "The bot does not run here now.")]
    except (TimeoutError, aiohttp.ClientError, ValueError):
        return [Finding(about, False, f"What answers at {url} is not the bot.", "Mend CANDOR_HEALTH_PORT.")]
    wrong = findings(states) if isinstance(states, dict) else []
    return wrong or [Finding(about, True, "The bot runs, and all of its parts are well.")]
