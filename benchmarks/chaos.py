"""Members write while the bot, its model server and its database are killed at random: is anything lost or done twice?

    make chaos        (python -m benchmarks.chaos --json --messages 1000 --kills 5 --database postgresql)

The bot is a process of its own with its own model server and the weights in the box; Discord is the sandbox with its
rate limits on, in this process, and stays. `--messages` lines come at `--pace` a second, one in `ABUSE_EVERY` of them
an insult of another member, which deletes it and times its author out. Meanwhile `--kills` times one of them ends as
by the kernel (kill -9): the next kill waits until the last victim is ready again. On PostgreSQL the database is one of
them. Victims come as from a shuffled pack, each as often as the others. Then everything comes to rest, the bot ends by
SIGTERM, and what is true is counted in its database and on Discord. Exits 1 where a promise is broken. `--seed`
chooses the victims and the moments.
"""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import chaos_truth, measuring
from benchmarks.chaos_bot import Bot
from benchmarks.offline import CHANNELS, MEMBERS, large_server
from bot.sandbox.sandbox import Sandbox
from tests.store.postgres import Cluster, own_cluster

MESSAGES, PACE, KILLS = 10_000, 40.0, 30
ABUSE_EVERY = 60
TALKERS = 20
"""Members who are never abusive. The others are abusive once, in turn: whoever is timed out cannot write."""
CALM = 1.0
"""Seconds at most between a victim that is ready again and the next kill."""
REST = 120.0
"""Seconds at most until everything has come to rest at the end."""
LINES = (
    "does anybody want to play later tonight",
    "the new map is much better than the old one",
    "good game everybody, that was close",
    "I will be there in about ten minutes",
    "thanks, that fixed it for me",
)
ABUSE = "shut up, you worthless clown"


@dataclass
class Course:
    """What happened. `posted`: channel and time by message; `abusive`: author by message."""

    posted: dict[int, int] = field(default_factory=dict)
    abusive: dict[int, int] = field(default_factory=dict)
    kills: dict[str, int] = field(default_factory=dict)
    recoveries: list[float] = field(default_factory=list)
    over: bool = False


async def write(sandbox: Sandbox, course: Course, *, messages: int, pace: float) -> None:
    """Members write, whatever becomes of the bot."""
    chance, due = random.Random(1), time.perf_counter()
    for number in range(messages):
        abusive = number % ABUSE_EVERY == ABUSE_EVERY - 1
        insults = len(course.abusive)
        author = f"member{TALKERS + insults % (MEMBERS - TALKERS)}" if abusive else f"member{number % TALKERS}"
        channel = sandbox.channel(f"#talk-{chance.randrange(CHANNELS)}")
        text = f"{ABUSE} {number}" if abusive else f"{LINES[number % len(LINES)]} {number}"
        said = await sandbox.say(author, channel.id, text)
        course.posted[int(said["id"])] = channel.id
        if abusive:
            course.abusive[int(said["id"])] = int(said["author"]["id"])
        due += 1 / pace
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
    course.over = True


async def kill(bot: Bot, cluster: Cluster | None, course: Course, *, kills: int, chance: random.Random) -> None:
    """One victim after the other, each once the last is ready again."""
    victims, pack = ["bot", "model server", *(["database"] if cluster is not None else [])], list[str]()
    for _ in range(kills):
        await asyncio.sleep(chance.random() * CALM)
        pack = pack or chance.sample(victims, len(victims))
        victim, started = pack.pop(), time.perf_counter()
        course.kills[victim] = course.kills.get(victim, 0) + 1
        if victim == "database":
            assert cluster is not None
            cluster.kill()
            await asyncio.to_thread(cluster.start)
        elif victim == "bot":
            await bot.kill()
            bot.start()
        else:
            bot.kill_model_server()
        await bot.until_ready()
        course.recoveries.append(time.perf_counter() - started)


@contextmanager
def database(name: str, folder: Path) -> Iterator[tuple[str, Cluster | None]]:
    """Its URL, and the cluster that may be killed; None for SQLite, which has no process."""
    if name == "sqlite":
        yield f"sqlite+aiosqlite:///{folder / 'candor.db'}", None
        return
    with own_cluster(careful=True) as cluster:
        yield cluster.url.render_as_string(hide_password=False), cluster


async def run(folder: Path, url: str, cluster: Cluster | None, *, given: Order) -> dict[str, float]:
    """All figures."""
    course, started = Course(), time.perf_counter()
    async with await Sandbox.start(seed=large_server) as sandbox:
        sandbox.limits.on = True
        async with Bot(sandbox, folder, url) as bot:
            await bot.until_ready()
            await sandbox.slash("Robin", "#general", "candor setup", {"review_channel": "#mod-review"})
            await bot.let_act()
            writing = asyncio.create_task(write(sandbox, course, messages=given.messages, pace=given.pace))
            await kill(bot, cluster, course, kills=given.kills, chance=random.Random(given.seed))
            await writing
            ended = time.perf_counter()
            await chaos_truth.until_at_rest(bot, list(course.posted), seconds=REST)
            rested = time.perf_counter()
            stopped = await bot.stop()
            found = await chaos_truth.count(bot, course.posted, course.abusive)
    victims = {f"kills: {name}": float(number) for name, number in sorted(course.kills.items())}
    return {
        "messages": float(len(course.posted)),
        "abusive": float(len(course.abusive)),
        **victims,
        "seconds in all": time.perf_counter() - started,
        "seconds until a victim is ready again, worst": max(course.recoveries, default=0.0),
        "seconds from the last message or kill until all is decided": rested - ended,
        "seconds of the stop by SIGTERM": stopped,
        "answers of 429": float(sandbox.limits.refused.total()),
        **found,
    }


@dataclass(frozen=True, slots=True)
class Order:
    """What was asked for."""

    messages: int
    pace: float
    kills: int
    seed: int


def goals(found: dict[str, float]) -> list[measuring.Goal]:
    """The promises."""
    return [
        *(measuring.at_most(name, found[name], 0) for name in chaos_truth.PROMISES),
        measuring.at_most("seconds of the stop by SIGTERM", found["seconds of the stop by SIGTERM"], 10.0),
    ]


def main() -> None:
    """Prints the table, or with `--json` one object."""
    parser = measuring.arguments(__doc__)
    parser.add_argument("--messages", type=int, default=MESSAGES)
    parser.add_argument("--pace", type=float, default=PACE, help="messages a second")
    parser.add_argument("--kills", type=int, default=KILLS)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    given = parser.parse_args()
    order = Order(given.messages, given.pace, given.kills, given.seed)
    with tempfile.TemporaryDirectory() as name, database(given.database, Path(name)) as (url, cluster):
        found = asyncio.run(run(Path(name), url, cluster, given=order))
    kept = goals(found)
    measuring.show(found, kept, as_json=given.json)
    sys.exit(0 if all(goal.met for goal in kept) else 1)


if __name__ == "__main__":
    main()
