"""A raid on an idle server: 2,000 live messages within one second, while backfill goes on.

    python -m benchmarks.burst --json

Starts the server with the weights in the box. The messages come over HTTP at random moments, four a request as a bot
sends them that is flooded, so that most of them wait in the server at once. Seconds count from the first message until
the last one is decided.
"""

from __future__ import annotations

import time
from bisect import bisect
from collections.abc import Sequence

from benchmarks import load, measuring
from benchmarks.served import served

MESSAGES, TOGETHER = 2_000, 4
BACKFILL, BACKFILL_CLIENTS = 8_000, 8
BEFORE = 3.0
"""Seconds of backfill alone."""
IDLE = 2.0


def measure(texts: Sequence[str]) -> dict[str, float]:
    """The figures by name; `texts` are different ones, as many as are sent."""
    live, backfill, warm_up = texts[:MESSAGES], texts[MESSAGES : MESSAGES + BACKFILL], texts[MESSAGES + BACKFILL :]
    with served() as server:
        load.finish(load.start(load.Order(server.port, tuple(warm_up), clients=8)))
        time.sleep(IDLE)
        below = load.start(
            load.Order(
                server.port,
                tuple(backfill),
                clients=BACKFILL_CLIENTS,
                seconds=BEFORE + 4.0,
                priority="backfill",
                together=TOGETHER,
            )
        )
        time.sleep(BEFORE)
        rate = MESSAGES / TOGETHER / 1.0
        raid = load.finish(load.start(load.Order(server.port, tuple(live), rate=rate, together=TOGETHER)))
        rest = load.finish(below)
    return {
        "messages": float(MESSAGES),
        "last_decided_s": raid.moments[-1] - raid.began,
        "p50_ms": measuring.percentile(raid.milliseconds, 0.5),
        "p99_ms": measuring.percentile(raid.milliseconds, 0.99),
        "refused": float(TOGETHER * raid.statuses.get("503", 0)),
        "lost": float(MESSAGES - TOGETHER * (raid.statuses.get("200", 0) + raid.statuses.get("503", 0))),
        "backfill_before_messages_per_s": TOGETHER * _between(rest, raid.began - 1.5, raid.began) / 1.5,
        "backfill_during_messages_per_s": TOGETHER
        * _between(rest, raid.began, raid.moments[-1])
        / (raid.moments[-1] - raid.began),
        "backfill_refused_or_lost": float(rest.sent - rest.statuses.get("200", 0)),
    }


def goals(figures: dict[str, float]) -> list[measuring.Goal]:
    """What must be reached."""
    return [
        measuring.at_most("last_decided_s", figures["last_decided_s"], 3.0),
        measuring.at_most("lost", figures["lost"], 0.0),
        measuring.at_most("refused", figures["refused"], 0.0),
    ]


def _between(found: load.Found, start: float, end: float) -> int:
    """Answers that came in that time."""
    return bisect(found.moments, end) - bisect(found.moments, start)


def main() -> None:
    """Prints the figures."""
    given = measuring.arguments(__doc__).parse_args()
    figures = measure(measuring.texts(MESSAGES + BACKFILL + 500))
    measuring.show(figures, goals(figures), as_json=given.json)


if __name__ == "__main__":
    main()
