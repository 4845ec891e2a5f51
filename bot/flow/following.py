"""What another process of the bot changed in a server's settings holds here a moment later."""

from __future__ import annotations

import asyncio

import structlog

from bot.errors import StoreUnavailable
from bot.store.guilds import GuildStore

log = structlog.get_logger(__name__)

LOOK_EVERY_SECONDS = 1.0


async def follow_settings(guilds: GuildStore) -> None:
    """Look for changes time and again, until cancelled. A pause holds at once (`acting.py`), the rest from then on."""
    reached = True
    while True:
        await asyncio.sleep(LOOK_EVERY_SECONDS)
        try:
            changed = await guilds.look()
        except StoreUnavailable as error:
            if reached:
                log.warning("settings_not_followed", why=type(error).__name__)
            reached = False
            continue
        reached = True
        if changed:
            log.info("settings_followed", guilds=changed)
