"""A PostgreSQL that is cut off under load: no message is lost, nothing happens twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet

from bot.core.actions import Action, Delete
from bot.core.cases import Case
from bot.core.guild_rules import LabelRule
from bot.flow.ports import Outcome
from bot.store.crypto import TextKey
from bot.store.database import Database
from bot.store.under_way import CLAIM
from tests.builders import message, person
from tests.flow.conftest import House
from tests.store.proxy import Proxy

MESSAGES = 120


@pytest.fixture
def dialect() -> str:
    """PostgreSQL alone: SQLite is no server that could be cut off."""
    return "postgresql"


@asynccontextmanager
async def house_behind(url: str, folder: Path) -> AsyncIterator[tuple[House, Proxy]]:
    """The use cases over a database that is reached through a proxy."""
    address = sa.make_url(url)
    proxy = Proxy(address.port or 5432)
    await proxy.mend()
    behind = address.set(host="127.0.0.1", port=proxy.port).render_as_string(hide_password=False)
    db = Database(behind, key=TextKey(Fernet.generate_key().decode()))
    await db.migrate()
    house = House(db, folder=folder)
    house.stores.spool.open()
    try:
        yield house, proxy
    finally:
        await db.close()
        await proxy.cut()
        house.stores.spool.close()


async def as_discord_shows(house: House, case: Case, action: Action) -> Outcome | None:
    """What was done is seen there; what was not is still to be done."""
    return Outcome("done") if (case.message_id, action) in house.enforcer.performed else None


async def test_a_database_that_is_cut_off_under_load_costs_no_message_and_no_action_is_done_twice(
    url: str, tmp_path: Path
) -> None:
    async with house_behind(url, tmp_path) as (house, proxy):
        house.enforcer.settle = partial(as_discord_shows, house)  # type: ignore[method-assign]
        await house.rules(insult=LabelRule(delete_at=0.5))
        for number in range(MESSAGES):
            # Of many members and channels, so that no cap holds their deletion back.
            text = "what an insult" if number % 10 == 0 else "hello"
            said = message(f"{text} {number}", message_id=number, author=person(number), channel_id=number)
            house.messages.standing[number] = said

        async def write(number: int) -> None:
            await house.spooling.handle(house.messages.standing[number])

        first = [asyncio.create_task(write(number)) for number in range(MESSAGES // 2)]
        while len(house.seen) < MESSAGES // 6:  # noqa: ASYNC110 (in the middle of the others)
            await asyncio.sleep(0)
        await proxy.cut()
        await asyncio.gather(*first)
        await asyncio.gather(*(write(number) for number in range(MESSAGES // 2, MESSAGES)))
        assert house.spooling.away_since is not None
        await proxy.mend()
        house.clock.move(seconds=CLAIM.total_seconds() + 1)  # until then it may still be done by whoever planned it
        await house.spooling.bring_back()
        while await house.rescoring.rescore():
            pass
        seen = [await house.predictions.seen(message_id=number, revision=0) for number in range(MESSAGES)]
        assert all(seen)
        flagged = [number for number in range(MESSAGES) if number % 10 == 0]
        assert sorted(house.enforcer.performed, key=lambda done: done[0]) == [(number, Delete()) for number in flagged]
        assert house.stores.spool.state == "empty"
