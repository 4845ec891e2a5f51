"""The work behind each row of the two tables of jobs (`bot/jobs.py`)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence

from bot.flow.flows import Flows
from bot.flow.ports import Clock
from bot.flow.presence import Presence
from bot.flow.retention import Retention
from bot.flow.slots import Slots, Work
from bot.flow.stores import Stores
from bot.flow.turns import Turn
from bot.jobs import SLOT_JOBS, CronSchedule, Jobs


def scheduled_jobs(
    flows: Flows,
    stores: Stores,
    *,
    retention: Retention,
    presence: Presence,
    guild_ids: Callable[[], Sequence[int]],
    servers: Callable[[], Awaitable[Collection[int]]],
    clock: Clock,
    clock_in_doubt: Callable[[], bool],
) -> Jobs:
    """The jobs, not started. `guild_ids`: the servers that this process looks after now; `servers`: those on which the
    bot is, as Discord lists them. While `clock_in_doubt`, nothing is dropped for its age, trained or reported.
    """

    async def departures() -> int:
        return await flows.departing.check(await servers())

    each_process = {
        "rescore": flows.rescoring.rescore,
        "post_cards": flows.desk.catch_up,
        "presence": presence.beat,
        "spool": _trusting(clock_in_doubt, retention.spool),
        "trouble": flows.trouble.check,
        "alarms": flows.alarms.catch_up,
        "watch_run": flows.learn.watch,
    }
    once = {
        "audit": _whole(flows.audit.run),
        "digest": _whole(flows.queue.digest),
        "retention": _whole(retention.run),
        "texts": _whole(flows.dropping.run),
        "departures": _whole(departures),
        "tell_forgotten": _whole(flows.lessons.tell_forgotten),
        "learn": flows.learn.scheduled,
        "nightly": flows.nightly.run,
        "weekly": flows.weekly.run,
    }
    slots = Slots(
        SLOT_JOBS,
        once,
        schedule=CronSchedule(),
        leases=stores.leases,
        guilds=stores.guilds,
        guild_ids=guild_ids,
        clock=clock,
        in_doubt=clock_in_doubt,
    )
    return Jobs(each_process, clock=clock, slots=slots)


def _whole(run: Callable[[], Awaitable[int | None]]) -> Work:
    """A use case that counts what it did, as the work of a slot of all guilds."""

    async def work(turn: Turn) -> str:
        return str(await run())

    return work


def _trusting(in_doubt: Callable[[], bool], drop: Callable[[], Awaitable[int]]) -> Callable[[], Awaitable[int]]:
    """`drop`, which drops nothing while the clock is in doubt; the next time does."""

    async def run() -> int:
        return 0 if in_doubt() else await drop()

    return run
