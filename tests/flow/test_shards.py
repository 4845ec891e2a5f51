"""Two processes that share the servers: each does what is of its own servers, and leaves the rest alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from bot.core.guild_rules import GuildRules, LabelRule
from bot.flow.slots import SlotJob, Slots
from bot.flow.turns import Turn
from bot.jobs import CronSchedule
from bot.shards import Shard
from bot.store.database import Database
from bot.store.under_way import CLAIM
from moderation_model.errors import ModelUnavailable
from tests.builders import message
from tests.flow.conftest import House

FIRST, SECOND = 0 << 22 | 7, 1 << 22 | 7


@dataclass
class Pair:
    """The process of the first server and that of the second, on one Discord and one clock."""

    first: House
    second: House


@pytest.fixture
async def pair(house: House) -> AsyncIterator[Pair]:
    url = house.db.url.render_as_string(hide_password=False)
    databases = [Database(url, key=house.db.key, shard=Shard(number, 2)) for number in range(2)]
    made = [
        House(db, enforcer=house.enforcer, messenger=house.messenger, board=house.board, clock=house.clock)
        for db in databases
    ]
    for guild_id in (FIRST, SECOND):
        labels = {"insult": LabelRule(delete_at=0.5, mode="act")}
        rules = GuildRules(
            guild_id, shadow=False, review_channel_id=guild_id, set_up_at=house.clock.now(), labels=labels
        )
        await house.guilds.save(rules, by=1, at=house.clock.now())
    yield Pair(*made)
    for db in databases:
        await db.close()


async def written(house: House) -> None:
    """One insult on each server goes through the pass; the process is killed before it acted and posted a card."""
    for guild_id in (FIRST, SECOND):
        await house.killed_before_acting(message("what an insult", message_id=guild_id, guild_id=guild_id))
    house.clock.move(seconds=CLAIM.total_seconds())


async def test_each_settles_and_posts_what_is_of_its_own_servers(house: House, pair: Pair):
    await written(house)
    for process, guild_id in ((pair.second, SECOND), (pair.first, FIRST)):
        assert await process.moderate.settle() == 1
        await process.desk.catch_up()
        await process.post_cards()
        assert [message_id for message_id, _ in house.enforcer.performed][-1] == guild_id
        assert [shown.guild_id for shown in house.board.cards.values()][-1] == guild_id
    assert len(house.enforcer.performed) == len(house.board.cards) == 2


async def test_each_scores_again_what_is_of_its_own_servers(house: House, pair: Pair):
    house.model.down = ModelUnavailable("away")
    for guild_id in (FIRST, SECOND):
        await house.moderate.handle(message("hello", message_id=guild_id, guild_id=guild_id))
    pair.second.messages.standing[SECOND] = message("hello", message_id=SECOND, guild_id=SECOND)
    assert await pair.second.rescoring.rescore() == 1
    since = house.clock.now()
    assert [key.guild_id for key in await house.predictions.unscored(since=since, limit=9)] == [FIRST]


async def test_a_job_for_all_runs_once_for_each_shard_and_once_in_all_without_shards(house: House, pair: Pair):
    ran: list[str] = []

    def slots(process: House, name: str) -> Slots:
        async def work(turn: Turn) -> str:
            ran.append(name)
            return ""

        return Slots(
            [SlotJob("digest", cron="0 * * * *")],
            {"digest": work},
            schedule=CronSchedule(),
            leases=process.stores.leases,
            guilds=process.guilds,
            guild_ids=list,
            clock=house.clock,
        )

    for _ in range(2):
        for process, name in ((pair.first, "first"), (pair.second, "second")):
            for task in await slots(process, name).tick():
                await task
    assert ran == ["first", "second"]
