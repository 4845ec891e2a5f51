"""Raids and faults of the model as the circuit breaker's tests play them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.core.bursts import FAULT_MEMBERS, RAID_MEMBERS
from bot.core.guild_rules import GuildRules, LabelRule
from bot.flow.moderate import Passed
from tests.builders import CHANNEL, GUILD, message, person
from tests.flow.conftest import House

LINE = "an insult for all of you on this server"
DELETES = LabelRule(delete_at=0.5)
ROLE = 77
DAYS = timedelta(days=1)


def words(number: int) -> str:
    """An insult like no other number's."""
    return f"insult {chr(97 + number % 26) * 20}{number}"


async def write(
    house: House, number: int, text: str, *, days: float = 0, author_id: int | None = None, channel_id: int = CHANNEL
) -> Passed:
    """A message by a member who joined so many days ago; by member `number` unless `author_id` says whose."""
    who = replace(person(author_id or number + 1000, f"M{number}"), joined_at=house.clock.now() - days * DAYS)
    written = message(text, message_id=number + 1, author=who, channel_id=channel_id, at=house.clock.now())
    return await house.moderate.handle(written)


async def acting(house: House, **changes: object) -> GuildRules:
    """Insults are deleted, and a role is called."""
    rules = await house.rules(insult=DELETES)
    changed = replace(rules, ping_role_id=ROLE, cards_a_day=500, **changes)  # pyright: ignore[reportArgumentType]
    await house.guilds.save(changed, by=1, at=house.clock.now())
    return changed


async def raid(house: House, members: int = RAID_MEMBERS, *, first: int = 0, text: str = LINE) -> list[Passed]:
    return [await write(house, first + number, text) for number in range(members)]


def told(house: House) -> list[str]:
    return [alert.about for alert, _, _ in house.board.alerts]


async def withheld_why(house: House, number: int) -> str:
    case = await house.cases.of_message(guild_id=GUILD, message_id=number + 1)
    assert case is not None
    return case.withheld_why or ""


async def fault(house: House, *, first: int = 0) -> None:
    """Members of long standing are hit by one label, each with words of their own, over some minutes."""
    for number in range(FAULT_MEMBERS):
        house.clock.move(seconds=30)
        await write(house, first + number, words(first + number), days=100, channel_id=CHANNEL + number % 3)
