"""Ten minutes offline: 5,000 messages on 50 channels are written while the bot is away; how soon are they scored?

    python -m benchmarks.offline --json

The bot, its model server with the weights in the box and its SQLite file are real; Discord is the sandbox with its rate
limits on, in the same process as the bot. The bot runs, decides a message in each channel and stops. Then the messages
are written, spread over ten minutes of the sandbox's clock, and the bot starts again: time counts from that start, the
model server's own included. Meanwhile somebody writes `LIVE_PACE` messages a second. `--constant` answers every text
at once and starts no model server, which leaves Discord's limits and the bot's own work.

`history_pages`, `requests` and `busiest_second` are the bot's requests by REST from its return until all is scored,
`refused` those that Discord answered with 429.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa

from benchmarks import measuring
from benchmarks.bot import ConstantModel
from bot.app import App, build_app
from bot.config import Settings
from bot.flow.moderate import Passed
from bot.log import configure
from bot.sandbox import seed
from bot.sandbox.sandbox import Sandbox
from bot.sandbox.world import TEXT, Channel, Event, Member, User, World
from bot.store.tables import predictions
from tests.e2e.connected import expect_one_server

CHANNELS, MEMBERS, MESSAGES = 50, 200, 5000
OFFLINE = timedelta(minutes=10)
LIVE_PACE = 2.0
PATIENCE = 180.0
HISTORY = "GET /channels/{channel_id}/messages"


def large_server(world: World) -> None:
    """The demo's server with more channels and members."""
    seed.harbor_games(world)
    guild = next(iter(world.guilds.values()))
    for number in range(CHANNELS):
        channel = Channel(id=world.snowflakes.make(), type=TEXT, name=f"talk-{number}", guild_id=guild.id)
        world.channels[channel.id] = channel
    joined = world.clock.now() - timedelta(days=100)
    for number in range(MEMBERS):
        user = User(id=world.snowflakes.make(), name=f"member{number}")
        world.users[user.id] = user
        guild.members[user.id] = Member(user=user, joined_at=joined)


@dataclass
class Passes:
    """How often each message was decided, and when first."""

    decided: Counter[int] = field(default_factory=Counter)
    cases: int = 0
    at: dict[int, float] = field(default_factory=dict)
    one_more: asyncio.Event = field(default_factory=asyncio.Event)

    def observe(self, passed: Passed) -> None:
        """A message went through the pass."""
        if passed.outcome == "decided" and passed.failure is None:
            self.decided[passed.message.message_id] += 1
            self.cases += passed.case is not None
            self.at.setdefault(passed.message.message_id, time.perf_counter())
            self.one_more.set()

    async def until(self, there: Callable[[], bool]) -> None:
        """Wait until a pass makes it true. Raises TimeoutError after `PATIENCE` seconds."""
        async with asyncio.timeout(PATIENCE):
            while not there():
                self.one_more.clear()
                await self.one_more.wait()


@asynccontextmanager
async def bot(sandbox: Sandbox, folder: Path, passes: Passes, *, constant: bool) -> AsyncIterator[App]:
    """The bot from its start to its end."""
    settings = Settings(
        _env_file=None,  # pyright: ignore[reportCallIssue]
        discord_token=sandbox.token,  # pyright: ignore[reportArgumentType]
        data_dir=folder,
        model_url="http://127.0.0.1:9" if constant else None,
    )
    app = build_app(
        settings, connector=sandbox.connector(), passed=passes.observe, source="sandbox", clock=sandbox.clock
    )
    expect_one_server(app.bot)
    if constant:
        model = ConstantModel()
        app.model.classify, app.model.explain = model.classify, model.explain
    try:
        await app.start()
        yield app
    finally:
        await app.stop()


async def write(sandbox: Sandbox, texts: list[str]) -> list[int]:
    """Members write all over the server for as long as `OFFLINE`; the messages' ids."""
    chance = random.Random(1)
    ids: list[int] = []
    for text in texts:
        sandbox.clock.advance(OFFLINE.total_seconds() / len(texts))
        author, channel = f"member{chance.randrange(MEMBERS)}", f"#talk-{chance.randrange(CHANNELS)}"
        ids.append(int((await sandbox.say(author, channel, text))["id"]))
    return ids


class Digests:
    """The digests of absences in the review channel."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.number = 0
        self._one_more = asyncio.Event()
        sandbox.world.listen(self._hear)

    def _hear(self, event: Event) -> None:
        if event.name == "MESSAGE_CREATE" and event.data["content"].startswith("Away "):
            self.number += 1
            self._one_more.set()

    async def first(self) -> None:
        """Wait for one. Raises TimeoutError after `PATIENCE` seconds."""
        async with asyncio.timeout(PATIENCE):
            await self._one_more.wait()


class Live:
    """Somebody goes on writing; `took`: milliseconds until each message was decided."""

    def __init__(self, sandbox: Sandbox, passes: Passes) -> None:
        self._sandbox = sandbox
        self._passes = passes
        self._said: dict[int, float] = {}

    async def run(self) -> None:
        """Until cancelled."""
        number = 0
        while True:
            await asyncio.sleep(1 / LIVE_PACE)
            if self._sandbox.gateway.online:
                number += 1
                said_at = time.perf_counter()
                message = await self._sandbox.say("Mia", f"#talk-{number % CHANNELS}", f"still here, line {number}")
                self._said[int(message["id"])] = said_at

    @property
    def took(self) -> list[float]:
        """Of those that were decided by now."""
        decided = self._passes.at
        return [1000 * (decided[each] - said_at) for each, said_at in self._said.items() if each in decided]


async def measure(folder: Path, texts: list[str], *, constant: bool) -> dict[str, float]:
    """Every figure."""
    before, passes = Passes(), Passes()
    async with await Sandbox.start(seed=large_server) as sandbox:
        sandbox.limits.on = True
        async with bot(sandbox, folder, before, constant=constant):
            await sandbox.slash("Robin", "#general", "candor setup", {"review_channel": "#mod-review"})
            for number in range(CHANNELS):
                await sandbox.say("Mia", f"#talk-{number}", f"good morning, channel {number}")
            await before.until(lambda: len(before.decided) == CHANNELS)
        ids = await write(sandbox, texts)
        limits = sandbox.limits
        limits.requests.clear()
        limits.refused.clear()
        limits.busiest = 0
        digests = Digests(sandbox)
        live, started = Live(sandbox, passes), time.perf_counter()
        writing = asyncio.create_task(live.run())
        try:
            async with bot(sandbox, folder, passes, constant=constant) as app:
                ready = time.perf_counter() - started
                await passes.until(lambda: all(each in passes.at for each in ids))
                scored = max(passes.at[each] for each in ids) - started
                requests, refused, busiest = limits.requests.copy(), limits.refused.total(), limits.busiest
                await digests.first()
                lost = len(ids) - await _recorded(app, ids)
        finally:
            writing.cancel()
    return {
        "messages": len(ids),
        "ready_s": ready,
        "all_scored_s": scored,
        "lost": lost,
        "decided_twice": sum(passes.decided[each] > 1 for each in ids),
        "history_pages": requests[HISTORY],
        "requests": requests.total(),
        "busiest_second": busiest,
        "refused": refused,
        "cases": passes.cases,
        "digests": digests.number,
        "live_messages": len(live.took),
        "live_p50_ms": measuring.percentile(live.took, 0.5),
        "live_p99_ms": measuring.percentile(live.took, 0.99),
    }


async def _recorded(app: App, ids: list[int]) -> int:
    wanted = (predictions.c.state != "unscored", predictions.c.message_id.between(min(ids), max(ids)))
    async with app.db.read() as connection:
        return await connection.scalar(sa.select(sa.func.count()).select_from(predictions).where(*wanted)) or 0


def main() -> None:
    """Prints the figures as a table, or with `--json` as one object."""
    parser = measuring.arguments(__doc__)
    parser.add_argument("--constant", action="store_true", help="answer every text at once, without a model server")
    parser.add_argument("--messages", type=int, default=MESSAGES, help="how many messages are missed")
    parser.add_argument("--generated", action="store_true", help="generated lines, of which a third is flagged")
    given = parser.parse_args()
    texts = (measuring.generated if given.generated else measuring.texts)(given.messages)
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "log").open("w", encoding="utf-8") as log:
        configure(Settings(_env_file=None), stream=log)  # pyright: ignore[reportCallIssue]
        figures = asyncio.run(measure(Path(folder), texts, constant=given.constant))
    goals = [
        measuring.at_most("all_scored_s", figures["all_scored_s"], 120),
        measuring.at_most("refused", figures["refused"], 0),
        measuring.at_most("busiest_second", figures["busiest_second"], 50),
        measuring.at_most("lost", figures["lost"], 0),
        measuring.at_most("decided_twice", figures["decided_twice"], 0),
    ]
    name = "a constant, no weights" if given.constant else None
    measuring.show(figures, goals, as_json=given.json, weights_name=name)


if __name__ == "__main__":
    main()
