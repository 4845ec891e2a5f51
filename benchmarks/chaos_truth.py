"""What is true after the chaos run, in the bot's database and on Discord."""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from benchmarks.chaos_bot import Bot
from bot.errors import BotError
from bot.sandbox.audit import MEMBER_UPDATE
from bot.store.cursor_tables import channel_cursors
from bot.store.database import Database
from bot.store.tables import actions, cases, predictions
from tests.e2e.app_house import text_of

PROMISES = (
    "messages without a decision",
    "messages with two decisions",
    "abusive messages without a case",
    "actions still pending",
    "actions recorded twice",
    "members timed out twice",
    "cases with two cards",
    "channels whose cursor is not at their last message",
    "processes left over",
)
CARD = re.compile(r"case (\d+)")


async def until_at_rest(bot: Bot, posted: Sequence[int], *, seconds: float) -> None:
    """Until nothing changes any more, `seconds` at most: what is missing then is counted as missing."""
    db, end = bot.database(), time.perf_counter() + seconds
    try:
        while time.perf_counter() < end:
            try:
                if await _decided(db, posted) == len(posted) and not await _pending(db):
                    break
            except BotError:
                pass  # the database may be on its way back
            await asyncio.sleep(0.5)
    finally:
        await db.close()


async def count(bot: Bot, posted: Mapping[int, int], abusive: Mapping[int, int]) -> dict[str, float]:
    """The promises that were broken, by name, and what was done."""
    db = bot.database()
    try:
        found = {
            "messages without a decision": len(posted) - await _decided(db, list(posted)),
            "messages with two decisions": await _twice(db, predictions.c.message_id, predictions.c.revision),
            "abusive messages without a case": len(abusive) - await _with_case(db, list(abusive)),
            "actions still pending": await _pending(db),
            "actions recorded twice": await _twice(db, actions.c.message_id, actions.c.revision, actions.c.kind),
            "members timed out twice": _timed_out_twice(bot, abusive),
            "cases with two cards": _two_cards(bot),
            "channels whose cursor is not at their last message": await _cursors_behind(db, posted),
            "processes left over": bot.left(),
        }
        states = sa.select(actions.c.state, sa.func.count()).group_by(actions.c.state)
        async with db.read() as connection:
            done = {f"actions {state}": number for state, number in (await connection.execute(states)).all()}
    finally:
        await db.close()
    return {name: float(number) for name, number in (found | done).items()}


async def _decided(db: Database, posted: Sequence[int]) -> int:
    """Messages that need no further look: scored, or gone before they could be."""
    over = predictions.c.state != "unscored"
    query = sa.select(sa.func.count(sa.distinct(predictions.c.message_id))).where(
        over, predictions.c.message_id.between(min(posted), max(posted))
    )
    async with db.read() as connection:
        return await connection.scalar(query) or 0


async def _pending(db: Database) -> int:
    async with db.read() as connection:
        return await connection.scalar(sa.select(sa.func.count()).where(actions.c.state == "pending")) or 0


async def _twice(db: Database, *columns: sa.Column[int]) -> int:
    several = sa.select(*columns).group_by(*columns).having(sa.func.count() > 1).subquery()
    async with db.read() as connection:
        return await connection.scalar(sa.select(sa.func.count()).select_from(several)) or 0


async def _with_case(db: Database, abusive: Sequence[int]) -> int:
    found: set[int] = set()
    async with db.read() as connection:
        for start in range(0, len(abusive), 500):
            part = cases.c.message_id.in_(abusive[start : start + 500])
            found.update(await connection.scalars(sa.select(cases.c.message_id).where(part)))
    return len(found)


async def _cursors_behind(db: Database, posted: Mapping[int, int]) -> int:
    """Channels in which the next start would read anew, or would read nothing of what nobody decided."""
    last: dict[int, int] = {}
    for message_id, channel_id in posted.items():
        last[channel_id] = max(last.get(channel_id, 0), message_id)
    async with db.read() as connection:
        rows = await connection.execute(sa.select(channel_cursors.c.channel_id, channel_cursors.c.decided_through))
        stored: dict[int, int] = {row.channel_id: row.decided_through for row in rows}
    return sum(stored.get(channel_id) != message_id for channel_id, message_id in last.items())


def _timed_out_twice(bot: Bot, abusive: Mapping[int, int]) -> int:
    """Members who were timed out more often than they were abusive."""
    entries = [each for each in bot.sandbox.guild.audit if each["action_type"] == MEMBER_UPDATE]
    done = Counter(int(each["target_id"]) for each in entries)
    allowed = Counter(abusive.values())
    return sum(number > allowed[member] for member, number in done.items())


def _two_cards(bot: Bot) -> int:
    cards = Counter[str]()
    for message in bot.sandbox.channel("#mod-review").messages.values():
        if message.get("components") and (found := CARD.search(text_of(message))):
            cards[found[1]] += 1
    return sum(number > 1 for number in cards.values())
