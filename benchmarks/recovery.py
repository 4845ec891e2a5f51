"""How soon the bot decides again after its model server was killed, and in which order it works off what waited.

    python -m benchmarks.recovery --json

One bot with its own model server and the weights in the box, on the loopback Discord of the demo. `PACE` messages a
second come all the time, one in `FLAGGED_EVERY` an insult; after `CALM` seconds the server is killed as by the kernel
(kill -9), and each that the bot starts within the next `AWAY` seconds as well. What comes meanwhile is left unscored,
and passed again. Timed from the moment a server takes requests again:

- `first_decision_s`: until any message is decided; `first_waiting_s`: until the first one that had waited is;
- `backlog_s`: until none waits any more; `backlog_per_s`: how many of them a second;
- `live_p50_ms`, `live_p95_ms`: the passes of messages that come while the backlog is worked off;
- `newest_first_share`: of pairs of waiting messages, how many were decided newest first. Several are in the pass at a
  time, so it is not 1; `lost`: messages that were never decided.
"""

from __future__ import annotations

import asyncio
import os
import signal
import statistics
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import measuring
from bot.app import App, build_app
from bot.config import load_settings
from bot.flow.moderate import Passed
from bot.log import configure
from bot.sandbox.sandbox import Sandbox

PACE = 40
CALM, AWAY, AFTER = 4.0, 12.0, 4.0
LINES = (
    "does anybody want to play later tonight",
    "the new map is much better than the old one",
    "good game everybody, that was close",
    "I will be there in about ten minutes",
    "has anyone tried the update on a laptop yet",
    "thanks, that fixed it for me",
    "see you all tomorrow at eight",
    "the boat party in the second level took me three hours",
    "who has the recipe that was posted on sunday",
)
INSULT, FLAGGED_EVERY = "shut up, you worthless clown", 50
CHANNELS = ("#general", "#gaming")
PATIENCE = 120.0


@dataclass
class Watch:
    """When each message was first left unscored, and when it was decided."""

    posted: list[int] = field(default_factory=list)
    waiting: dict[int, float] = field(default_factory=dict)
    decided: dict[int, float] = field(default_factory=dict)
    live: list[tuple[float, float]] = field(default_factory=list)

    def passed(self, passed: Passed) -> None:
        """Note one pass."""
        now, number = time.perf_counter(), passed.message.message_id
        if passed.outcome == "unscored":
            self.waiting.setdefault(number, now)
        elif passed.outcome == "decided":
            self.decided.setdefault(number, now)
            if number not in self.waiting:
                self.live.append((now, passed.milliseconds))

    def all_decided(self) -> bool:
        """Whether nothing waits."""
        return all(number in self.decided for number in self.posted)


async def post(sandbox: Sandbox, watch: Watch, over: asyncio.Event) -> None:
    """Members write, `PACE` lines a second, until it is over."""
    due = time.perf_counter()
    while not over.is_set():
        number = len(watch.posted)
        line = LINES[number % len(LINES)] if number % FLAGGED_EVERY else INSULT
        message = await sandbox.say("Kai", CHANNELS[number % len(CHANNELS)], f"{line} {number}")
        watch.posted.append(int(message["id"]))
        due += 1 / PACE
        await asyncio.sleep(max(0.0, due - time.perf_counter()))


async def killed(app: App) -> float:
    """Kill the server, and each that follows within `AWAY` seconds; when one took requests again after that."""
    child, over, gone = app.child, time.perf_counter() + AWAY, set[int]()
    assert child is not None
    while True:
        if child.pid is not None and child.pid not in gone:
            if time.perf_counter() >= over and child.state == "ready":
                return time.perf_counter()
            if time.perf_counter() < over:
                gone.add(child.pid)
                os.kill(child.pid, signal.SIGKILL)
        await asyncio.sleep(0.001)


async def kill_under_load(folder: Path) -> dict[str, float]:
    """The figures of one kill."""
    watch, over = Watch(), asyncio.Event()
    async with await Sandbox.start() as sandbox:
        settings = load_settings(
            _env_file=None, discord_token=sandbox.token, data_dir=folder, log_level="error", log_format="console"
        )
        configure(settings)
        app = build_app(settings, connector=sandbox.connector(), passed=watch.passed)
        try:
            await app.start()
            writing = asyncio.create_task(post(sandbox, watch, over))
            await asyncio.sleep(CALM)
            died = time.perf_counter()
            ready = await killed(app)
            await asyncio.sleep(AFTER)
            over.set()
            await writing
            async with asyncio.timeout(PATIENCE):
                while not watch.all_decided():  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
        finally:
            await app.stop()
    return figures(watch, died, ready)


def figures(watch: Watch, died: float, ready: float) -> dict[str, float]:
    """What the times say."""
    order = sorted(watch.waiting, key=lambda number: watch.decided[number])
    pairs = [(one, other) for place, one in enumerate(order) for other in order[place + 1 :]]
    after = [when for when in watch.decided.values() if when >= ready]
    last = max((watch.decided[number] for number in order), default=ready)
    live = [milliseconds for when, milliseconds in watch.live if ready <= when <= last]
    return {
        "messages": float(len(watch.posted)),
        "waited": float(len(order)),
        "server_away_s": ready - died,
        "first_decision_s": min(after) - ready,
        "first_waiting_s": watch.decided[order[0]] - ready if order else 0.0,
        "backlog_s": last - ready,
        "backlog_per_s": len(order) / (last - ready),
        "live_p50_ms": statistics.median(live) if live else 0.0,
        "live_p95_ms": measuring.percentile(live, 0.95) if live else 0.0,
        "newest_first_share": sum(one > other for one, other in pairs) / len(pairs) if pairs else 1.0,
        "lost": float(sum(number not in watch.decided for number in watch.posted)),
    }


def main() -> None:
    """Prints the figures as a table, or with `--json` as one object."""
    as_json = measuring.arguments(__doc__).parse_args().json
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(kill_under_load(Path(folder)))
    goals = [
        measuring.at_most("first_decision_s", found["first_decision_s"], 5.0),
        measuring.at_most("first_waiting_s", found["first_waiting_s"], 5.0),
        measuring.at_most("lost", found["lost"], 0.0),
    ]
    measuring.show(found, goals, as_json=as_json)


if __name__ == "__main__":
    main()
