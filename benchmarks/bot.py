"""How many messages a second the bot itself carries, from Discord's events to decided and stored rows, and how late its
event loop gets meanwhile.

    python -m benchmarks.bot --json

One process: the JSON of each message goes through discord.py (parsed and dispatched), the listener, the pass
and SQLite on disk. The classifier is a constant in memory; what is done to members is done at once, and a card takes
`CARD_SECONDS`, as on Discord. Four runs:

- chat: as many unflagged messages as the bot takes, `AT_ONCE` of them dispatched and not decided at a time;
- mixed: the same, one message in a hundred flagged and acted on;
- paced: unflagged messages at `PACE` a second, as traffic comes;
- raid: flagged messages alone, all with the same words, of many members.

A pass is timed from its turn to its outcome (64 have their turn at a time). `lag` is by how much a task that wants to
wake every 5 ms is late; `own_lag` the part of it in which this process computed, so that it is no other program's. At
the end the rows of all messages are counted.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa
from discord.gateway import DiscordWebSocket

from benchmarks import gateway, measuring
from bot.app import SystemClock
from bot.chat.client import CandorBot, create_bot
from bot.config import Settings
from bot.core.cases import Background, CardRef, Case
from bot.core.guild_rules import GuildRules, LabelRule, default_labels
from bot.flow.building import build_flows
from bot.flow.flows import Flows
from bot.flow.moderate import Passed
from bot.flow.outside import Outside
from bot.flow.stores import Stores
from bot.log import configure
from bot.metrics import Metrics
from bot.running import leave_out_of_collections
from bot.store.crypto import TextKey
from bot.store.database import Database
from bot.store.tables import predictions, sentiment_hours
from moderation_model.contract import Explanation, Prediction, Sentiment
from moderation_model.labels import LABEL_NAMES
from tests.fake_history import FakeHistory
from tests.fakes import FakeBoard, FakeEnforcer, FakeMessages, FakeMessenger, FakeModel

MESSAGES, RAID = 6000, 300
AT_ONCE = 256
PACE = 1000
CARD_SECONDS = 0.1
BEAT = 0.005
SAID = "benchmark insult"
"""What a flagged message holds."""


class ConstantModel(FakeModel):
    """Answers every text with the same values, and those that hold `SAID` with an insult."""

    def __init__(self) -> None:
        super().__init__()
        fine = dict.fromkeys(LABEL_NAMES, 0.01)
        self._fine, self._insult = _prediction(fine, ()), _prediction(fine | {"insult": 0.9}, ("insult",))

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


def _prediction(scores: dict[str, float], flagged: tuple[str, ...]) -> Prediction:
    stars = Sentiment((0.1, 0.1, 0.2, 0.3, 0.3))
    return Prediction(scores, flagged, stars, "as_written", "constant", dict.fromkeys(LABEL_NAMES, 0.5))


class SlowBoard(FakeBoard):
    """A card takes as long as on Discord."""

    async def show(self, case: Case, *, channel_id: int, background: Background, search: bool = False) -> CardRef:
        """Where it stands, after a while."""
        await asyncio.sleep(CARD_SECONDS)
        return await super().show(case, channel_id=channel_id, background=background, search=search)


class Lag:
    """Milliseconds by which a task that wants to wake every `BEAT` seconds was late, and what of it was our own."""

    def __init__(self) -> None:
        self.late: list[float] = []
        self.own: list[float] = []

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Watch meanwhile, anew."""
        self.late, self.own = [], []
        beat = asyncio.create_task(self._beat())
        try:
            yield
        finally:
            beat.cancel()

    async def _beat(self) -> None:
        while True:
            due, used = time.perf_counter() + BEAT, time.process_time()
            await asyncio.sleep(BEAT)
            late = max(0.0, time.perf_counter() - due) * 1000
            self.late.append(late)
            self.own.append(min(late, (time.process_time() - used) * 1000))


class Passes(list[float]):
    """Milliseconds of each pass so far. `one_more` is set with each."""

    def __init__(self) -> None:
        super().__init__()
        self.one_more = asyncio.Event()
        self._metrics = Metrics()

    def observe(self, passed: Passed) -> None:
        """A message is decided."""
        assert passed.outcome == "decided", passed.outcome
        self._metrics.passed(passed)
        self.append(passed.milliseconds)
        self.one_more.set()


@dataclass
class House:
    """The bot over a database of its own, and Discord's side of its connection."""

    db: Database
    bot: CandorBot
    flows: Flows
    socket: DiscordWebSocket
    took: Passes
    sent: int = 0

    async def receive(self, event: str) -> None:
        """One message, as it comes from the connection."""
        self.sent += 1
        await self.socket.received_message(event)

    async def fewer_than(self, most: int) -> None:
        """Wait until so few messages are dispatched and not decided."""
        while self.sent - len(self.took) >= most:
            self.took.one_more.clear()
            await self.took.one_more.wait()

    async def lost(self) -> int:
        """Messages without their row of scores, or missing in the sums of sentiment, whichever is more."""
        async with self.db.read() as connection:
            rows = await connection.scalar(sa.select(sa.func.count()).select_from(predictions))
            summed = await connection.scalar(sa.select(sa.func.sum(sentiment_hours.c.messages)))
        return self.sent - min(rows or 0, summed or 0)


@asynccontextmanager
async def house(folder: Path) -> AsyncIterator[House]:
    """The bot as `bot.app` builds it, but for the model and what it does on Discord."""
    settings = Settings(_env_file=None, data_dir=folder)  # pyright: ignore[reportCallIssue]
    db = Database(settings.sql_url, key=TextKey.from_settings(settings))
    await db.migrate()
    stores, bot = Stores(db, source="sandbox"), create_bot(settings)
    socket = DiscordWebSocket(None, loop=asyncio.get_running_loop())  # pyright: ignore[reportArgumentType]
    await bot._async_setup_hook()
    socket.shard_id, socket._discord_parsers, socket._dispatch = None, bot._connection.parsers, bot.dispatch
    outside = Outside(
        ConstantModel(), FakeEnforcer(), FakeMessenger(), SlowBoard(), FakeMessages(), SystemClock(), FakeHistory()
    )
    took = Passes()
    flows = build_flows(stores, outside, text_days=30, passed=took.observe, presented=lambda case: None)
    bot.attach(flows)
    await socket.received_message(gateway.ready())
    for number in range(gateway.GUILDS):
        await socket.received_message(gateway.guild(number))
        await stores.guilds.save(_rules(number), by=1, at=datetime.now(UTC))
    workers = [asyncio.create_task(work()) for work in (flows.desk.run, flows.telling.run)]
    leave_out_of_collections()
    yield House(db, bot, flows, socket, took)
    await flows.desk.drain()
    await flows.telling.drain()
    for worker in workers:
        worker.cancel()
    await asyncio.gather(*workers, return_exceptions=True)
    await bot.close()
    await db.close()


def _rules(number: int) -> GuildRules:
    """Set up, acting, and with a review channel, so that audits are drawn."""
    labels = {name: replace(rule, mode="act") for name, rule in default_labels().items()}
    labels |= {"insult": LabelRule(warn_at=0.7, delete_at=0.8)}
    rules = GuildRules(gateway.guild_id(number), shadow=False, review_channel_id=gateway.channel_id(number, 900))
    return replace(rules, set_up_at=datetime.now(UTC), labels=labels)


def chat(count: int, *, flagged: float = 0.0) -> list[str]:
    """Lines of chat, a share of them flagged."""
    chance, lines = random.Random(1), measuring.texts(2000)
    return [
        f"{SAID} {number} {chance.choice(lines)}" if chance.random() < flagged else chance.choice(lines)
        for number in range(count)
    ]


async def at_full_speed(bot: House, events: Sequence[str]) -> None:
    """Let every event come as soon as there is room."""
    for event in events:
        await bot.fewer_than(AT_ONCE)
        await bot.receive(event)
    await bot.fewer_than(1)


async def paced(bot: House, events: Sequence[str]) -> None:
    """Let `PACE` events a second come."""
    started = time.perf_counter()
    for number, event in enumerate(events):
        ahead = started + number / PACE - time.perf_counter()
        if ahead > 0:
            await asyncio.sleep(ahead)
        await bot.receive(event)
    await bot.fewer_than(1)


async def measure(folder: Path) -> dict[str, float]:
    """Every figure."""
    runs = {
        "chat": (at_full_speed, chat(MESSAGES)),
        "mixed": (at_full_speed, chat(MESSAGES, flagged=0.01)),
        "paced": (paced, chat(MESSAGES // 2)),
        "raid": (at_full_speed, [f"{SAID} join our server now"] * RAID),
    }
    figures: dict[str, float] = {}
    lag = Lag()
    async with house(folder) as bot:
        await at_full_speed(bot, gateway.messages(chat(300), run=0))  # opens connections, compiles statements
        for number, (name, (send, texts)) in enumerate(runs.items(), start=1):
            events, begun = gateway.messages(texts, run=number), len(bot.took)
            started, used = time.perf_counter(), time.process_time()
            async with lag.watched():
                await send(bot, events)
            seconds, cpu = time.perf_counter() - started, time.process_time() - used
            took = bot.took[begun:]
            figures |= {f"{name}_messages_per_s": len(texts) / seconds, f"{name}_cpu_ms": cpu * 1000 / len(texts)}
            figures |= {f"{name}_pass_p{share}_ms": measuring.percentile(took, share / 100) for share in (50, 99)}
            figures |= {f"{name}_lag_p99_ms": measuring.percentile(lag.late, 0.99)}
            figures |= {f"{name}_worst_lag_ms": max(lag.late), f"{name}_worst_own_lag_ms": max(lag.own)}
            await bot.flows.desk.drain()
        figures |= {"messages": bot.sent, "lost": await bot.lost()}
    return figures


def main() -> None:
    """Prints the figures as a table, or with `--json` as one object."""
    given = measuring.arguments(__doc__).parse_args()
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "log").open("w", encoding="utf-8") as log:
        configure(Settings(_env_file=None), stream=log)  # pyright: ignore[reportCallIssue]
        figures = asyncio.run(measure(Path(folder)))
    goals = [
        measuring.at_least("chat_messages_per_s", figures["chat_messages_per_s"], 1500),
        *(measuring.at_most(f"{run}_worst_lag_ms", figures[f"{run}_worst_lag_ms"], 20) for run in ("chat", "paced")),
        measuring.at_most("raid_worst_lag_ms", figures["raid_worst_lag_ms"], 20),
        measuring.at_most("lost", figures["lost"], 0),
    ]
    measuring.show(figures, goals, as_json=given.json, weights_name="a constant, no weights")


if __name__ == "__main__":
    main()
