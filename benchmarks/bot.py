"""How many messages a second the bot itself carries, from Discord's events to decided and stored rows, and how late its
event loop gets meanwhile.

    python benchmarks/bot.py --json

One process: Discord's own text for each message goes through discord.py (parsed and dispatched), the listener, the pass
and SQLite on disk; the classifier is a constant in memory, and Discord answers at once. Four runs:

- chat: as many unflagged messages as the bot takes, `AT_ONCE` of them in work at a time;
- mixed: the same with one message in a hundred flagged and acted on;
- paced: unflagged messages at two thirds of the goal, one by one, as traffic comes;
- raid: flagged messages alone, all with the same words.

Lag is by how much a task that wants to wake every 5 ms is late. Every message's row is counted at the end.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).parents[1])  # not this folder, where `bot` would be this file

import argparse
import asyncio
import csv
import json
import platform
import random
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from discord.gateway import DiscordWebSocket

from bot.app import SystemClock, leave_out_of_collections
from bot.chat.client import CandorBot, create_bot
from bot.config import Settings
from bot.core.guild_rules import GuildRules, LabelRule, default_labels
from bot.flow.building import Outside, build_flows
from bot.flow.flows import Flows
from bot.flow.moderate import Passed
from bot.flow.stores import Stores
from bot.health import Metrics
from bot.log import configure
from bot.store.crypto import TextKey
from bot.store.database import Database
from bot.store.tables import predictions, sentiment_hours
from moderation_model.contract import Explanation, Prediction, Sentiment
from moderation_model.labels import LABEL_NAMES
from tests.fakes import FakeBoard, FakeEnforcer, FakeMessages, FakeMessenger, FakeModel

GUILDS, CHANNELS, MEMBERS = 8, 6, 200
FIRST_ID = 10**17
AT_ONCE = 256
"""Messages that were dispatched and are not decided yet; the bot passes 64 of them at a time."""
LAG_BEAT = 0.005
GOALS = {"chat_messages_per_s": 1500.0, "chat_worst_lag_ms": 20.0, "paced_worst_lag_ms": 20.0, "lost": 0.0}
SAID = "benchmark insult"
"""What a flagged message holds."""


class ConstantModel(FakeModel):
    """Answers every text with the same values, and those that hold `SAID` with an insult."""

    def __init__(self) -> None:
        super().__init__()
        fine = dict.fromkeys(LABEL_NAMES, 0.01)
        self._fine = self._prediction(fine, ())
        self._insult = self._prediction(fine | {"insult": 0.9}, ("insult",))

    def _prediction(self, scores: dict[str, float], flagged: tuple[str, ...]) -> Prediction:
        stars = Sentiment((0.1, 0.1, 0.2, 0.3, 0.3))
        return Prediction(scores, flagged, stars, "as_written", "constant", dict.fromkeys(LABEL_NAMES, 0.5))

    async def classify(
        self, texts: Sequence[str], *, guild_id: int | None = None, priority: str = "live", version: str | None = None
    ) -> list[Prediction]:
        """After one turn of the event loop, as an answer from outside would come."""
        await asyncio.sleep(0)
        return [self._insult if SAID in text else self._fine for text in texts]

    async def explain(self, text: str, *, label: str | None = None) -> Explanation:
        """The first word alone."""
        words = tuple(text.split())
        return Explanation(label or "insult", words, (1.0,) + (0.0,) * (len(words) - 1), -1.0, 0.9, "as_written", "c")


class Lag:
    """The worst lateness of a task that wants to wake every `LAG_BEAT` seconds."""

    def __init__(self) -> None:
        self.found: list[float] = []

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Watch meanwhile."""
        self.found = []
        beat = asyncio.create_task(self._beat())
        try:
            yield
        finally:
            beat.cancel()

    async def _beat(self) -> None:
        while True:
            due = time.perf_counter() + LAG_BEAT
            await asyncio.sleep(LAG_BEAT)
            self.found.append(max(0.0, time.perf_counter() - due) * 1000)


@dataclass
class House:
    """The bot over a database of its own, and Discord's side of its connection."""

    db: Database
    bot: CandorBot
    flows: Flows
    stores: Stores
    socket: DiscordWebSocket
    passed: list[Passed]
    sent: int = 0
    ids: Iterator[int] = field(default_factory=lambda: iter(range(0)))

    async def receive(self, text: str) -> None:
        """One event of Discord's, as it comes from the connection."""
        await self.socket.received_message(text)

    @property
    def in_work(self) -> int:
        """Messages that were dispatched and are not through the pass."""
        return self.sent - len(self.passed)

    async def stored(self) -> tuple[int, int]:
        """Rows of scores, and messages in the sums of sentiment."""
        async with self.db.read() as connection:
            rows = await connection.scalar(sa.select(sa.func.count()).select_from(predictions))
            summed = await connection.scalar(sa.select(sa.func.sum(sentiment_hours.c.messages)))
        return rows or 0, summed or 0


@asynccontextmanager
async def house(folder: Path) -> AsyncIterator[House]:
    """The bot as `bot.app` builds it, but for the model and what it does on Discord."""
    settings = Settings(_env_file=None, data_dir=folder)  # pyright: ignore[reportCallIssue]
    db = Database(settings.sql_url, key=TextKey.from_settings(settings))
    await db.migrate()
    stores, metrics, passed = Stores(db, source="sandbox"), Metrics(), list[Passed]()

    def observe(each: Passed) -> None:
        metrics.passed(each)
        passed.append(each)

    outside = Outside(ConstantModel(), FakeEnforcer(), FakeMessenger(), FakeBoard(), FakeMessages(), SystemClock())
    flows = build_flows(stores, outside, text_days=30, passed=observe, presented=lambda case: None)
    bot = create_bot(settings)
    bot.attach(flows)
    await bot._async_setup_hook()
    socket = DiscordWebSocket(None, loop=asyncio.get_running_loop())  # pyright: ignore[reportArgumentType]
    socket.shard_id, socket._discord_parsers = None, bot._connection.parsers
    socket._dispatch = bot.dispatch
    workers = [asyncio.create_task(work()) for work in (flows.desk.run, flows.telling.run)]
    made = House(db, bot, flows, stores, socket, passed)
    await made.receive(json.dumps(_event("READY", _ready())))
    for number in range(GUILDS):
        await made.receive(json.dumps(_event("GUILD_CREATE", _guild(number))))
        rules = GuildRules(
            FIRST_ID + number,
            shadow=False,
            review_channel_id=FIRST_ID + 900 + number,
            set_up_at=datetime.now(UTC),
            labels={name: replace(rule, mode="act") for name, rule in default_labels().items()}
            | {"insult": LabelRule(warn_at=0.7, delete_at=0.8)},
        )
        await stores.guilds.save(rules, by=1, at=datetime.now(UTC))
    leave_out_of_collections()
    yield made
    await flows.desk.drain()
    await flows.telling.drain()
    for worker in workers:
        worker.cancel()
    await asyncio.gather(*workers, return_exceptions=True)
    await bot.close()
    await db.close()


def _event(name: str, data: dict[str, Any]) -> dict[str, Any]:
    return {"op": 0, "t": name, "s": 1, "d": data}


def _user(number: int) -> dict[str, Any]:
    name = f"member{number}"
    return {"id": str(FIRST_ID + 10_000 + number), "username": name, "global_name": name, "discriminator": "0"} | {
        "avatar": None, "public_flags": 0, "bot": False,
    }  # fmt: skip


def _ready() -> dict[str, Any]:
    user = _user(-1) | {"bot": True, "verified": True, "mfa_enabled": False, "flags": 0}
    return {
        "v": 10,
        "user": user,
        "guilds": [],
        "session_id": "s",
        "resume_gateway_url": "wss://x",
        "application": {"id": user["id"], "flags": 0},
    }


def _guild(number: int) -> dict[str, Any]:
    everyone = {"id": str(FIRST_ID + number), "name": "@everyone", "permissions": "1071698660929", "position": 0}
    role = {"color": 0, "colors": {"primary_color": 0}, "hoist": False, "managed": False, "mentionable": False}
    channels = [
        {"id": str(FIRST_ID + 1000 + number * CHANNELS + place), "type": 0, "name": f"talk-{place}", "position": place}
        | {"permission_overwrites": [], "nsfw": False, "parent_id": None, "topic": None, "rate_limit_per_user": 0}
        for place in range(CHANNELS)
    ]
    guild = {"id": str(FIRST_ID + number), "name": f"Server {number}", "owner_id": "1", "member_count": MEMBERS}
    guild |= {"roles": [everyone | role | {"flags": 0}], "channels": channels, "members": [], "threads": []}
    guild |= {"emojis": [], "stickers": [], "features": [], "presences": [], "voice_states": [], "unavailable": False}
    guild |= {"verification_level": 1, "default_message_notifications": 0, "explicit_content_filter": 0, "mfa_level": 0}
    guild |= {"nsfw_level": 0, "preferred_locale": "en-US", "afk_timeout": 300, "premium_tier": 0}
    return guild | {"system_channel_flags": 0, "premium_progress_bar_enabled": False, "large": False}


def events(texts: Sequence[str], *, seed: int) -> list[str]:
    """One event a text, of members and channels by chance; their ids are of the present."""
    chance, now = random.Random(seed), datetime.now(UTC)
    first = (int(now.timestamp() * 1000) - 1_420_070_400_000) << 22 | seed << 18
    found: list[str] = []
    for number, text in enumerate(texts):
        guild = chance.randrange(GUILDS)
        channel = FIRST_ID + 1000 + guild * CHANNELS + chance.randrange(CHANNELS)
        member = {"roles": [], "joined_at": "2021-03-01T12:00:00+00:00", "deaf": False, "mute": False, "flags": 0}
        data = {"id": str(first + number), "channel_id": str(channel), "guild_id": str(FIRST_ID + guild), "type": 0}
        data |= {"content": text, "author": _user(chance.randrange(MEMBERS)), "member": member, "tts": False}
        data |= {"timestamp": now.isoformat(), "edited_timestamp": None, "mention_everyone": False, "mentions": []}
        data |= {"mention_roles": [], "attachments": [], "embeds": [], "pinned": False, "nonce": str(number)}
        found.append(json.dumps(_event("MESSAGE_CREATE", data | {"flags": 0, "components": []})))
    return found


def texts(count: int, *, flagged: float = 0.0, seed: int = 1) -> list[str]:
    """Lines of chat, `flagged` of them (a share) with words that the constant classifier flags."""
    source = Path(__file__).parents[2] / "shared/data/irc_messages.csv"
    if source.is_file():
        with source.open(encoding="utf-8", newline="") as file:
            lines = [row["text"] for _, row in zip(range(20_000), csv.DictReader(file), strict=False)]
    else:
        words = (
            "hello does anybody know why the sound stops after a while on my machine thanks for all the help".split()
        )
        chance = random.Random(0)
        lines = [" ".join(chance.choices(words, k=max(1, int(chance.gammavariate(1.6, 7))))) for _ in range(20_000)]
    chance = random.Random(seed)
    return [
        f"{SAID} {number} {chance.choice(lines)}" if chance.random() < flagged else chance.choice(lines)
        for number in range(count)
    ]


async def full_speed(bot: House, received: Sequence[str]) -> float:
    """Messages a second, from the first event to the last row."""
    started = time.perf_counter()
    for event in received:
        while bot.in_work >= AT_ONCE:
            await asyncio.sleep(0.001)
        bot.sent += 1
        await bot.receive(event)
    while bot.in_work:
        await asyncio.sleep(0.001)
    return len(received) / (time.perf_counter() - started)


async def paced(bot: House, received: Sequence[str], *, rate: float) -> None:
    """Let the events come at `rate` a second."""
    started = time.perf_counter()
    for number, event in enumerate(received):
        ahead = started + number / rate - time.perf_counter()
        if ahead > 0:
            await asyncio.sleep(ahead)
        bot.sent += 1
        await bot.receive(event)
    while bot.in_work:
        await asyncio.sleep(0.001)


async def measure(count: int, folder: Path) -> dict[str, float]:
    """Every figure."""
    figures: dict[str, float] = {}
    lag = Lag()
    async with house(folder) as bot:
        await full_speed(bot, events(texts(300), seed=0))  # connections are opened, statements compiled
        for run, flagged in (("chat", 0.0), ("mixed", 0.01)):
            begun = len(bot.passed)
            received = events(texts(count, flagged=flagged), seed=len(figures) + 1)
            cpu = time.process_time()
            async with lag.watched():
                figures[f"{run}_messages_per_s"] = await full_speed(bot, received)
            figures[f"{run}_cpu_ms_a_message"] = (time.process_time() - cpu) * 1000 / count
            figures |= _passes(run, bot.passed[begun:], lag)
        begun = len(bot.passed)
        async with lag.watched():
            await paced(bot, events(texts(count // 3), seed=100), rate=1000)
        figures |= _passes("paced", bot.passed[begun:], lag)
        begun = len(bot.passed)
        said = [f"{SAID} join our server now" for _ in range(300)]
        await bot.flows.desk.drain()
        async with lag.watched():
            figures["raid_messages_per_s"] = await full_speed(bot, events(said, seed=200))
        figures |= _passes("raid", bot.passed[begun:], lag)
        rows, summed = await bot.stored()
        figures["messages"], figures["lost"] = bot.sent, max(bot.sent - rows, bot.sent - summed)
    return {name: round(value, 2) for name, value in figures.items()}


def _passes(run: str, passed: Sequence[Passed], lag: Lag) -> dict[str, float]:
    """How long passes took, once they had their turn, and how late the loop was."""
    assert all(each.outcome == "decided" for each in passed), {each.outcome for each in passed}
    took, late = sorted(each.milliseconds for each in passed), sorted(lag.found)
    figures = {f"{run}_pass_p50_ms": took[len(took) // 2], f"{run}_pass_p99_ms": took[len(took) * 99 // 100]}
    return figures | {f"{run}_lag_p99_ms": late[len(late) * 99 // 100], f"{run}_worst_lag_ms": late[-1]}


def main() -> None:
    """Prints the figures as a table, or with `--json` as one object."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    arguments.add_argument("--json", action="store_true")
    arguments.add_argument("--messages", type=int, default=6000)
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "log").open("w", encoding="utf-8") as log:
        configure(Settings(_env_file=None, log_format="json"), stream=log)  # pyright: ignore[reportCallIssue]
        figures = asyncio.run(measure(chosen.messages, Path(folder)))
    print(json.dumps({"figures": figures}, indent=1))


if __name__ == "__main__":
    main()
