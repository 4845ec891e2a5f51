"""Each guild's own schedule: from when on it counts, and that every process follows a change."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.core.guild_rules import GuildRules
from bot.flow.slots import SlotJob
from bot.store.database import Database
from tests.builders import GUILD
from tests.store.test_slots import SUNDAY, World

WEEKLY = SlotJob("weekly", setting="weekly_cron", by_guild=True)


async def test_each_guild_has_its_own_schedule(db: Database) -> None:
    world = World(db, WEEKLY)
    await world.rules()
    process = world.process("bot")
    await world.tick(process)
    assert world.runs == [("bot", GUILD, datetime(2026, 2, 23, 6, tzinfo=UTC))]
    world.clock.move(hours=17)
    await world.tick(process)
    assert len(world.runs) == 1
    world.clock.move(hours=1)
    await world.tick(process)
    assert world.runs[1:] == [("bot", GUILD, datetime(2026, 3, 2, 6, tzinfo=UTC))]


async def test_nothing_is_due_before_a_guild_is_set_up_nor_for_times_before_that(db: Database) -> None:
    world = World(db, WEEKLY)
    process = world.process("bot")
    await world.guilds.save(GuildRules(GUILD), by=1, at=SUNDAY)
    await world.tick(process)
    await world.guilds.save(GuildRules(GUILD, set_up_at=SUNDAY), by=1, at=SUNDAY)
    await world.tick(process)
    assert world.runs == []
    world.clock.move(days=1)
    await world.tick(process)
    assert [due.weekday() for _, _, due in world.runs] == [0]


async def test_a_new_schedule_counts_from_its_change_on_also_when_another_process_changed_it(db: Database) -> None:
    world = World(db, WEEKLY)
    process = world.process("bot")
    await world.rules()
    await world.tick(process)
    await world.rules(weekly_cron="0 9 * * sat")
    await world.tick(process)
    world.clock.move(days=2)
    await world.tick(process)
    assert [due.weekday() for _, _, due in world.runs] == [0]
    world.clock.move(days=4)
    await world.tick(process)
    assert [due.weekday() for _, _, due in world.runs] == [0, 5]


async def test_a_guild_without_a_schedule_is_left_alone(db: Database) -> None:
    world = World(db, WEEKLY)
    await world.rules(weekly_cron=None)
    await world.tick(world.process("bot"))
    assert world.runs == []
