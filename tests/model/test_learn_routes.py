"""Learning over HTTP: runs and versions through the client, with a stand-in for the registry and for the training."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from moderation_model.batching import BatchQueue
from moderation_model.client import ModelClient
from moderation_model.errors import BadModelFolder, BadRequest, ModelOverloaded, Unauthorised
from moderation_model.learn_routes import Learning
from moderation_model.learning import RunResult, RunState, VersionInfo
from moderation_model.server import ServerConfig, build_app
from moderation_model.versions import Versions
from tests.model.serving_fakes import FakeClassifier, Gate
from tests.model.test_runs import HANGS, RESULT, WORKS, files_with, order
from tests.model.test_server import NO_EXPLAINER


class Shelf:
    """A registry in memory: "old" serves, "new" passed its gate, "worse" did not."""

    def __init__(self) -> None:
        self.now, self.before = "old", ["older"]
        self.adopted: list[str] = []
        self.retired: dict[str, str] = {}

    def versions(self) -> list[VersionInfo]:
        return [VersionInfo("new", "challenger", promote=True), VersionInfo("old", "champion")]

    def folder(self, version: str) -> Path:
        if version not in {"older", "old", "new", "worse", "broken"}:
            raise BadRequest(f"There is no version {version}.")
        return Path(version)

    def champion(self) -> Path:
        return Path(self.now)

    def chosen(self) -> Path:
        return self.champion()

    def previous(self) -> Path:
        if not self.before:
            raise BadRequest("There is no earlier version to go back to.")
        return Path(self.before[-1])

    def check_promotable(self, version: str, *, force: bool = False, reason: str = "") -> None:
        self.folder(version)
        if version == "worse" and not (force and reason):
            raise BadRequest("The gate did not pass worse.")

    def promote(self, version: str, *, force: bool = False, reason: str = "") -> None:
        self.check_promotable(version, force=force, reason=reason)
        self.before.append(self.now)
        self.now = version

    def rollback(self) -> str:
        self.now = self.before.pop()
        return self.now

    def adopt(self, folder: Path, result: RunResult) -> str:
        self.adopted.append(str(result.challenger))
        return str(result.challenger)

    def retire(self, version: str, why: str) -> None:
        self.retired[version] = why
        if self.now == version:
            self.rollback()

    def mark_stale(self, example_ids: Sequence[int]) -> list[str]:
        return ["new"] if 7 in example_ids else []


def load(folder: Path) -> FakeClassifier:
    if folder.name == "broken":
        raise BadModelFolder("The folder broken does not match its manifest.")
    return FakeClassifier(folder.name, max_tokens=64)


@asynccontextmanager
async def serving(
    runs: Path,
    *,
    script: str = WORKS,
    shelf: Shelf | None = None,
    first: FakeClassifier | None = None,
    loads: Callable[[Path], FakeClassifier] = load,
    token: str = "",
) -> AsyncIterator[ModelClient]:
    learning = Learning(shelf or Shelf(), loads, runs, run_command=(sys.executable, "-c", script))
    config = ServerConfig(explainer_command=NO_EXPLAINER, learning=learning, token=token or None)
    app = build_app(config, first or FakeClassifier("old", max_tokens=64))
    async with app.router.lifespan_context(app):
        client = ModelClient("http://127.0.0.1", transport=httpx.ASGITransport(app))
        yield client
        await client.aclose()


async def ended(client: ModelClient, run_id: str) -> RunState:
    async with asyncio.timeout(30):
        while True:
            state = await client.run_state(run_id)
            if state.ended:
                return state
            await asyncio.sleep(0)


async def serves(client: ModelClient, version: str | None = None) -> str:
    (prediction,) = await client.classify(["you clown"], version=version)
    return prediction.model_version


async def test_a_run_is_started_watched_and_its_model_taken_in(tmp_path: Path) -> None:
    shelf = Shelf()
    async with serving(tmp_path, shelf=shelf) as client:
        assert (await client.start_run(order())).run_id == "run-1"
        state = await ended(client, "run-1")
        assert b"<html" in await client.run_page("run-1")
        assert b"<b>drift</b>: none" in await client.run_page("run-1", about=[("drift", "none")])
        with pytest.raises(BadRequest, match="pairs of words"):
            await client.run_page("run-1", about=[("drift",)])  # pyright: ignore[reportArgumentType]
        with pytest.raises(BadRequest, match="There is no run"):
            await client.run_page("run-2")
    assert state.result == RESULT
    assert shelf.adopted == ["b"]


async def test_a_second_run_waits_its_turn_and_a_cancelled_one_ends(tmp_path: Path) -> None:
    async with serving(tmp_path, script=HANGS) as client:
        await client.start_run(order())
        with pytest.raises(ModelOverloaded, match="One run at a time"):
            await client.start_run(order("run-2"))
        assert (await client.cancel_run("run-1")).phase == "cancelled"
        with pytest.raises(BadRequest, match="There is no run run-2"):
            await client.run_state("run-2")


async def test_promotion_and_rollback_change_what_serves(tmp_path: Path) -> None:
    async with serving(tmp_path) as client:
        assert await serves(client) == "old"
        assert await client.promote("new") == "new"
        assert await serves(client) == "new"
        assert await client.rollback() == "old"
        assert await serves(client) == "old"


async def test_what_the_gate_did_not_pass_needs_force(tmp_path: Path) -> None:
    async with serving(tmp_path) as client:
        with pytest.raises(BadRequest, match="The gate did not pass"):
            await client.promote("worse")
        assert await serves(client) == "old"
        assert await client.promote("worse", force=True, reason="we accept it") == "worse"


async def test_a_model_that_cannot_be_loaded_leaves_the_champion(tmp_path: Path) -> None:
    shelf = Shelf()
    async with serving(tmp_path, shelf=shelf) as client:
        with pytest.raises(Exception, match="does not match its manifest"):
            await client.promote("broken")
        assert await serves(client) == "old"
    assert shelf.now == "old"


async def test_a_request_under_way_ends_with_the_model_it_began_with(tmp_path: Path) -> None:
    gate = Gate()
    async with serving(tmp_path, first=FakeClassifier("old", max_tokens=64, before=gate)) as client:
        begun = asyncio.create_task(serves(client))
        await asyncio.to_thread(gate.entered.wait, 10)
        promoting = asyncio.create_task(client.promote("new"))
        assert await promoting == "new"
        gate.open()
        assert await begun == "old"
        assert await serves(client) == "new"


async def test_what_somebody_else_promotes_takes_over_and_what_cannot_be_loaded_does_not() -> None:
    shelf = Shelf()
    async with BatchQueue(FakeClassifier("old", max_tokens=64)) as queue:
        versions = Versions(shelf, queue, load)
        assert not await versions.look()
        shelf.now = "new"
        assert await versions.look()
        assert queue.classifier.info.version == "new"
        shelf.now = "broken"
        with pytest.raises(BadModelFolder):
            await versions.look()
        assert not await versions.look()
        assert queue.classifier.info.version == "new"


async def test_a_shadow_scores_only_for_those_who_name_it(tmp_path: Path) -> None:
    async with serving(tmp_path) as client:
        with pytest.raises(BadRequest, match="neither the champion nor its shadow"):
            await serves(client, "new")
        assert await client.set_shadow("new", on=True) == "new"
        assert await serves(client, "new") == "new"
        assert await serves(client) == "old"
        assert await client.set_shadow("new", on=False) is None
        with pytest.raises(BadRequest):
            await serves(client, "new")


async def test_versions_are_listed_and_withdrawn_examples_noted(tmp_path: Path) -> None:
    async with serving(tmp_path) as client:
        assert [each.version for each in await client.versions()] == ["new", "old"]
        assert await client.mark_stale([1, 7]) == ["new"]


async def test_without_a_folder_for_models_learning_is_refused() -> None:
    app = build_app(ServerConfig(explainer_command=NO_EXPLAINER), FakeClassifier())
    async with app.router.lifespan_context(app):
        client = ModelClient("http://127.0.0.1", transport=httpx.ASGITransport(app))
        with pytest.raises(BadRequest, match="no folder for models"):
            await client.start_run(order())
        with pytest.raises(BadRequest, match="no folder for models"):
            await client.versions()


async def test_learning_needs_the_token_too(tmp_path: Path) -> None:
    async with serving(tmp_path, token="secret") as client:
        with pytest.raises(Unauthorised):
            await client.start_run(order())
    assert files_with("", tmp_path) == []
