"""The figures, readiness and log of a running bot, in good and in bad times: what an operator's monitoring sees."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot.config import Settings
from bot.log import configure
from bot.metrics import FIGURES
from bot.sandbox.sandbox import Sandbox
from tests.e2e.app_house import WAIT_SECONDS, House, house_on
from tests.e2e.degraded_house import Pretender, delete_toxic
from tests.unreachable import away

TEXT = "a line of Kai with zebras in it"

Series = dict[tuple[str, frozenset[tuple[str, str]]], float]


@asynccontextmanager
async def watched(sandbox: Sandbox, folder: Path, model: Pretender) -> AsyncIterator[tuple[House, Monitor]]:
    async with house_on(sandbox, folder, model.url, health_port=0) as house, aiohttp.ClientSession() as http:
        yield house, Monitor(house, http)


class Monitor:
    """Asks the bot over HTTP, as Prometheus does."""

    def __init__(self, house: House, http: aiohttp.ClientSession) -> None:
        self._url = f"http://127.0.0.1:{house.app.health.port}"
        self._http = http

    async def page(self) -> str:
        async with self._http.get(f"{self._url}/metrics") as answer:
            assert answer.status == 200
            return await answer.text()

    async def series(self) -> Series:
        return {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for each in text_string_to_metric_families(await self.page())
            for sample in each.samples
        }

    async def value(self, name: str, **labels: str) -> float:
        return (await self.series())[name, frozenset(labels.items())]

    async def ready(self) -> int:
        async with self._http.get(f"{self._url}/readyz") as answer:
            return answer.status


async def say(house: House, count: int, outcome: str, text: str = TEXT) -> None:
    for number in range(count):
        said = await house.sandbox.say("Kai", "#general", f"{text} {number}")
        await house.decided(said, outcome=outcome)


async def test_in_good_times_the_figures_count_what_was_decided_and_what_waits(
    sandbox: Sandbox, model: Pretender, tmp_path: Path
) -> None:
    async with watched(sandbox, tmp_path, model) as (house, monitor):
        await say(house, 3, "decided")
        await house.card(house.passes[0])
        await house.app.desk.drain()
        await house.app.backlog.look()
        assert await monitor.value("candor_card_seconds_count") >= 1
        assert await monitor.ready() == 200
        assert await monitor.value("candor_ready") == 1
        assert await monitor.value("candor_messages_total", outcome="decided") == 3
        assert await monitor.value("candor_decisions_total", label="toxic") == 3
        assert await monitor.value("candor_cases_waiting", why="flagged") >= 1
        assert await monitor.value("candor_unscored_waiting") == 0
        assert await monitor.value("candor_oldest_case_seconds") > 0
        assert await monitor.value("candor_model_breaker", state="closed") == 1
        assert await monitor.value("candor_state", part="discord", state="ready") == 1
        assert await monitor.value("candor_spool_bytes") == 0
        assert await monitor.value("candor_servers") == 1
        assert await monitor.value("candor_discord_requests_total", outcome="ok") > 3
        for stage in ("wait", "rules", "model", "decide", "store", "act"):
            assert await monitor.value("candor_pass_stage_seconds_count", stage=stage) == 3


async def test_every_figure_that_is_documented_is_on_the_page_and_no_other(
    sandbox: Sandbox, model: Pretender, tmp_path: Path
) -> None:
    async with watched(sandbox, tmp_path, model) as (house, monitor):
        await house.app.backlog.look()
        house.app.model_watch.version = "v1"
        seen: set[tuple[str, str, tuple[str, ...]]] = set()
        for each in text_string_to_metric_families(await monitor.page()):
            name = f"{each.name}_total" if each.type == "counter" else each.name
            labels = {label for sample in each.samples for label in sample.labels} - {"le"}
            if not name.startswith("process_"):
                seen.add((name, each.type, tuple(sorted(labels))))
    # A heartbeat is answered after 40 s, jobs end when they like.
    late = {"candor_gateway_latency_seconds", "candor_scheduled_runs_total"}
    documented = {(each.name, each.kind, tuple(sorted(each.labels))) for each in FIGURES}
    assert seen <= documented
    assert {name for name, _, _ in documented - seen} <= late


async def test_while_the_model_is_away_the_breaker_opens_messages_wait_and_the_bot_is_ready(
    sandbox: Sandbox, model: Pretender, tmp_path: Path
) -> None:
    async with watched(sandbox, tmp_path, model) as (house, monitor):
        model.mode = "a page"
        await say(house, 6, "unscored")
        await house.app.backlog.look()
        assert await monitor.value("candor_model_breaker", state="closed") == 0
        assert await monitor.value("candor_unscored_waiting") == 6
        assert await monitor.value("candor_model_failures_total") >= 6
        assert await monitor.ready() == 200
        model.mode = "well"
        await house.until(lambda: sum(each.outcome == "decided" for each in house.passes) == 6)
        await house.app.backlog.look()
        assert await monitor.value("candor_unscored_waiting") == 0
        assert await monitor.value("candor_model_breaker", state="closed") == 1


async def test_while_the_database_is_away_the_page_is_served_and_shows_the_spool(
    sandbox: Sandbox, model: Pretender, tmp_path: Path
) -> None:
    async with watched(sandbox, tmp_path, model) as (house, monitor):
        await say(house, 1, "decided")
        await house.app.backlog.look()
        before = await monitor.value("candor_cases_waiting", why="flagged")
        with away(house.app.db):
            await say(house, 2, "spooled")
            assert await monitor.value("candor_spooled_messages") == 2
            assert await monitor.value("candor_spool_bytes") > 0
            assert await monitor.value("candor_state", part="database", state="away") == 1
            assert await monitor.value("candor_wrong", part="database") == 1
            assert await monitor.value("candor_store_failures_total") > 0
            assert await monitor.value("candor_cases_waiting", why="flagged") == before  # as last counted
            assert await monitor.ready() == 200
        async with asyncio.timeout(WAIT_SECONDS):
            while house.app.spool.count:  # noqa: ASYNC110 (an emptied spool has no event)
                await asyncio.sleep(0)
        assert await monitor.value("candor_state", part="database", state="ready") == 1


async def test_a_message_that_waits_for_its_decision_shows_as_cursor_lag_and_an_end_as_not_ready(
    sandbox: Sandbox, model: Pretender, tmp_path: Path
) -> None:
    async with watched(sandbox, tmp_path, model) as (house, monitor):
        assert await monitor.value("candor_cursor_lag_seconds") == 0
        async with model.falls_silent():
            await sandbox.say("Kai", "#general", TEXT)
        assert await monitor.value("candor_messages_in_pass") == 1
        assert await monitor.value("candor_cursor_lag_seconds") > 0
        stopping = asyncio.ensure_future(house.app.stop())
        await asyncio.sleep(0)
        assert await monitor.ready() == 503
        assert await monitor.value("candor_state", part="discord", state="closing") == 1
        model.released.set()
        await stopping


async def test_a_deletion_that_is_worked_on_is_no_message_in_the_pass(
    sandbox: Sandbox, model: Pretender, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, released = asyncio.Event(), asyncio.Event()

    async def slow(**_: object) -> None:
        begun.set()
        await released.wait()

    async with watched(sandbox, tmp_path, model) as (house, monitor):
        said = await sandbox.say("Kai", "#general", TEXT)
        await house.decided(said)
        await house.app.bot.drain()
        monkeypatch.setattr(house.app.flows.gone, "deleted", slow)
        await sandbox.delete("Kai", int(said["id"]))
        await begun.wait()
        assert await monitor.value("candor_messages_in_pass") == 0
        released.set()


async def bounded(monitor: Monitor) -> set[tuple[str, frozenset[tuple[str, str]]]]:
    """The series there are, without those of jobs, which come as the first run of each ends."""
    return {key for key in await monitor.series() if key[0] != "candor_scheduled_runs_total"}


async def test_more_members_channels_and_texts_make_no_more_series_and_none_names_them(
    sandbox: Sandbox, model: Pretender, tmp_path: Path
) -> None:
    async with watched(sandbox, tmp_path, model) as (house, monitor):
        await say(house, 1, "decided")
        await house.app.backlog.look()
        before = await bounded(monitor)
        for number, (author, channel) in enumerate(
            (who, where) for who in ("Kai", "Priya", "Noor") for where in ("#general", "#gaming")
        ):
            said = await sandbox.say(author, channel, f"{TEXT} {number}")
            await house.decided(said)
        await house.app.backlog.look()
        after = await bounded(monitor)
        page = await monitor.page()
        ids = {
            str(each) for each in (house.app.bot.guilds[0].id, *(passed.message.message_id for passed in house.passes))
        }
        ids |= {str(passed.message.channel_id) for passed in house.passes}
        ids |= {str(passed.message.author.user_id) for passed in house.passes}
    assert after == before
    words = {"zebras", "Kai", "Priya", "Noor", "Robin", "Harbor", "gaming"}
    assert [each for each in ids | words if each in page] == []


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """All that is logged at the lowest level, as `candor run` sets it up."""
    stream = io.StringIO()
    configure(Settings(_env_file=None, log_level="debug"), stream=stream)  # pyright: ignore[reportCallIssue]
    yield stream
    configure(Settings(_env_file=None), stream=io.StringIO())  # pyright: ignore[reportCallIssue]


async def test_a_run_of_the_pass_logged_at_debug_level_holds_no_text_and_no_name(
    sandbox: Sandbox, model: Pretender, tmp_path: Path, log: io.StringIO
) -> None:
    async with house_on(sandbox, tmp_path, model.url) as house:
        await delete_toxic(house)
        await say(house, 2, "decided")
        model.mode = "a page"
        await say(house, 1, "unscored")
        model.mode = "well"
        with away(house.app.db):
            await say(house, 1, "spooled")
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    assert {"action", "unscored", "database_away"} <= {line["event"] for line in lines}
    people = {"zebras", "Kai", "Robin", "Harbor", "Games", "gaming", "mod-review"}
    assert [(word, line) for line in lines for word in people if word in json.dumps(line, ensure_ascii=False)] == []
    assert [line for line in lines if not {"event", "level", "timestamp"} <= set(line)] == []
