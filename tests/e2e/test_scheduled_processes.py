"""Two processes on one database do each scheduled run once, also where one of them is killed half-way."""

from __future__ import annotations

import pytest

from tests.e2e.slot_house import run_all

RUNS = 60


@pytest.mark.parametrize("kill", [False, True], ids=["both live", "one is killed"])
async def test_of_many_runs_that_are_due_at_once_each_is_done_once(migrated_url: str, kill: bool) -> None:
    ran = await run_all(migrated_url, guilds=RUNS, kill=kill)
    assert ran.done == RUNS
    assert ran.twice == 0
    # What the killed one was in the middle of began a second time: at most three runs of one job at once.
    assert RUNS <= ran.begun <= RUNS + (3 if kill else 0)
    assert ran.processes >= 2
