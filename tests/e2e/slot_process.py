"""The scheduled jobs of a bot process, so that it can be killed: `python -m tests.e2e.slot_process`, told on its input.

Each run is the real nightly job of one server, after a row in the table `ledger`, which says who ran what.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
import structlog

from bot.flow.nightly import Nightly
from bot.flow.slots import SlotJob, Slots
from bot.flow.turns import Turn
from bot.jobs import CronSchedule
from bot.store.crypto import TextKey
from bot.store.database import Database
from bot.store.guilds import GuildStore
from bot.store.leases import LeaseStore
from bot.store.stats import StatsStore
from bot.store.weekly import WeeklyStore
from tests.e2e.shifted_clock import ShiftedClock

NIGHTLY = SlotJob("nightly", cron="30 2 * * *", by_guild=True)
LEDGER = "CREATE TABLE ledger (guild_id BIGINT, process BIGINT)"
WRITE = sa.text("INSERT INTO ledger VALUES (:guild_id, :process)")


async def main(given: dict[str, Any]) -> None:
    """Ticks, quicker than the bot does, until it is killed."""
    # Nobody reads what it prints: a full pipe would stop it.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    db = Database(given["url"], key=TextKey(given["key"]))
    guilds = GuildStore(db)
    nightly = Nightly(stats=StatsStore(db), weekly=WeeklyStore(db))

    async def work(turn: Turn) -> str:
        async with db.begin() as connection:
            await connection.execute(WRITE, {"guild_id": turn.guild_id, "process": os.getpid()})
        return await nightly.run(turn)

    known = await guilds.known()
    slots = Slots(
        [NIGHTLY],
        {"nightly": work},
        schedule=CronSchedule(),
        leases=LeaseStore(db),
        guilds=guilds,
        guild_ids=lambda: known,
        clock=ShiftedClock(timedelta(seconds=given["ahead"])),
    )
    print("ready", flush=True)
    sys.stdin.readline()
    while True:
        await slots.tick()
        await asyncio.sleep(1)


def last_due() -> datetime:
    """The due time that all of them have by now."""
    due = CronSchedule().last_due(NIGHTLY.cron or "", datetime.now(UTC))
    assert due is not None
    return due


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.stdin.readline())))
