"""A small `make chaos`: kills of the bot, its model server and its database while members write."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import chaos
from benchmarks.chaos_truth import PROMISES
from tests.store.postgres import NoPostgres

KILLS = {"sqlite": 2, "postgresql": 3}
"""One of each victim."""


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", ["sqlite", "postgresql"])
async def test_kills_lose_no_message_and_no_case_and_do_nothing_twice(name: str, tmp_path: Path) -> None:
    order = chaos.Order(messages=150, pace=12.0, kills=KILLS[name], seed=1)
    try:
        with chaos.database(name, tmp_path) as (url, cluster):
            found = await chaos.run(tmp_path, url, cluster, given=order)
    except NoPostgres as why:
        pytest.skip(f"a database that can be killed: {why}")
    assert {promise: found[promise] for promise in PROMISES if found[promise]} == {}
    assert found["messages"] == order.messages
    assert found["abusive"] == 2
    assert sum(found[each] for each in found if each.startswith("kills: ")) == order.kills
