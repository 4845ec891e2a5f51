from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.core.guild_rules import GuildRules
from bot.store.crypto import TextKey
from bot.store.database import Database
from bot.store.guilds import GuildStore
from tests.builders import GUILD, NOON


async def test_rules_are_kept_and_every_change_is_written_down(db: Database):
    store = GuildStore(db)
    assert await store.get(GUILD) == GuildRules(GUILD)
    rules = replace(GuildRules(GUILD), shadow=False, review_channel_id=2**61)
    rules = replace(rules, labels={**rules.labels, "insult": replace(rules.rule("insult"), delete_at=0.9)})
    await store.save(rules, by=7, at=NOON)
    await store.save(rules, by=8, at=NOON)
    assert await store.get(GUILD) == rules
    assert await GuildStore(db).get(GUILD) == rules
    changes = {change.setting: (change.by, change.old, change.new) for change in await store.changes(GUILD)}
    assert changes["shadow"] == (7, True, False)
    assert changes["labels.insult"][2]["delete_at"] == 0.9
    assert len(changes) == 3


async def test_changes_at_the_same_time_lose_nothing_of_each_other(db: Database):
    store = GuildStore(db)
    await store.get(GUILD)
    await asyncio.gather(
        store.change(GUILD, lambda rules: replace(rules, paused=True), by=7, at=NOON),
        store.change(GUILD, lambda rules: replace(rules, ping_role_id=5), by=8, at=NOON),
    )
    rules = await store.get(GUILD)
    assert (rules.paused, rules.ping_role_id) == (True, 5)
    assert await GuildStore(db).get(GUILD) == rules
    assert {(change.by, change.setting) for change in await store.changes(GUILD)} == {
        (7, "paused"),
        (8, "ping_role_id"),
    }


async def test_a_change_that_is_refused_changes_nothing(db: Database):
    def refuse(rules: GuildRules) -> GuildRules:
        raise ValueError(rules.guild_id)

    store = GuildStore(db)
    with pytest.raises(ValueError, match=str(GUILD)):
        await store.change(GUILD, refuse, by=7, at=NOON)
    assert await store.get(GUILD) == GuildRules(GUILD)
    assert await store.changes(GUILD) == []


class SlowToAnswer(Database):
    """A database whose reads come back only once they are let through."""

    def __init__(self, url: str, *, key: TextKey) -> None:
        super().__init__(url, key=key)
        self.has_read, self.let_through = asyncio.Event(), asyncio.Event()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        async with super().read() as connection:
            yield connection
            self.has_read.set()
            await self.let_through.wait()


async def test_a_pause_during_the_first_read_of_the_rules_is_not_forgotten(db: Database):
    slow = SlowToAnswer(db.url.render_as_string(hide_password=False), key=db.key)
    store = GuildStore(slow)
    reading = asyncio.create_task(store.get(GUILD))
    await slow.has_read.wait()
    await store.save(replace(GuildRules(GUILD), paused=True), by=7, at=NOON)
    slow.let_through.set()
    assert (await reading).paused
    assert (await store.get(GUILD)).paused
    await slow.close()


async def test_what_another_process_changed_is_found(db: Database):
    there = Database(db.url.render_as_string(hide_password=False), key=db.key)
    here, other = GuildStore(db), GuildStore(there)
    assert (await here.get(GUILD)).paused is False
    for paused in (True, False):
        at = NOON + timedelta(seconds=paused)
        await other.change(GUILD, lambda rules, paused=paused: replace(rules, paused=paused), by=1, at=at)
        assert await here.look() == 1
        assert (await here.get(GUILD)).paused is paused
        assert await here.look() == 0
    await there.close()


async def test_a_process_reads_nothing_anew_for_its_own_changes(db: Database):
    store = GuildStore(db)
    await store.change(GUILD, lambda rules: replace(rules, paused=True), by=1, at=NOON)
    assert await store.look() == 0
    await store.change(GUILD, lambda rules: rules, by=1, at=NOON + timedelta(seconds=1))
    assert await store.look() == 0
