"""What a test of the catching up does: people write, messages come live, the bot goes away and comes back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

from bot.core.away import id_at
from bot.core.events import IncomingMessage
from bot.core.guild_rules import LabelRule
from tests.builders import CHANNEL, GUILD, message, person
from tests.flow.conftest import House

OTHER = CHANNEL + 1


async def after_first_start(house: House) -> House:
    """The bot after its first start, with rules that delete insults; it has decided one message."""
    rules = await house.rules(insult=LabelRule(delete_at=0.5, mode="act"))
    await house.guilds.save(replace(rules, audit_a_day=0), by=1, at=house.clock.now())  # no text is kept by chance
    await came_back(house)
    await live(house, write(house, "good morning"))
    house.clock.move(minutes=1)
    return house


def write(
    house: House,
    text: str,
    *,
    channel: int = CHANNEL,
    number: int = 0,
    edited: bool = False,
    looked_at: bool = True,
    by: int = 1,
) -> IncomingMessage:
    """Somebody writes now; `number` keeps messages of the same moment apart."""
    now = house.clock.now()
    revision = round(now.timestamp() * 1000) if edited else 0
    written = message(
        text, message_id=id_at(now) + number, channel_id=channel, revision=revision, at=now, author=person(by)
    )
    return house.history.add(written, looked_at=looked_at)


async def live(house: House, written: IncomingMessage) -> None:
    """The message comes from the gateway."""
    channel, number = written.channel_id, written.message_id
    house.cursors.arrived(guild_id=GUILD, channel_id=channel, message_id=number)
    await house.moderate.handle(written)
    house.cursors.safe(channel_id=channel, message_id=number)


async def came_back(house: House) -> int:
    """A session of Discord's begins, and the bot catches up; how many messages were checked."""
    house.history.guilds = [GUILD]
    house.cursors.new_session()
    house.catch_up.came_back()
    return await house.catch_up.catch_up()


@asynccontextmanager
async def away(house: House, *, killed: bool = False, **span: float) -> AsyncIterator[None]:
    """The bot stops, and starts again after the time named, as a new process with the same database."""
    if killed:
        await house.cursors.flush()
    else:
        await house.cursors.flush(last=True)
    start = house.clock.now()
    yield
    house.clock.time = start + timedelta(**span)
    restarted = House(house.db, model=house.model, board=house.board, history=house.history, clock=house.clock)
    house.__dict__ |= {**restarted.__dict__, "enforcer": restarted.enforcer}


def decided(house: House) -> list[str]:
    """Texts that were decided, in order, replays left out."""
    return [each.message.text for each in house.seen if each.outcome == "decided"]
