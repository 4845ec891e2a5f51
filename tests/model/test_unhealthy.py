"""A model that gives no numbers: the version before takes over, who asked is answered, and the operator is told."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest

from moderation_model.client import ModelClient
from moderation_model.errors import BadRequest, ModelFailed
from tests.model.model_folders import SHIPPED
from tests.model.model_folders import Shelf as Folders
from tests.model.serving_fakes import FakeClassifier, Gate, Sick
from tests.model.test_batching import settle
from tests.model.test_learn_routes import Shelf, load, serves, serving


async def metrics(client: ModelClient) -> str:
    return (await client._http.get("/metrics")).text


async def test_the_version_before_answers_and_serves_and_the_operator_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shelf = Shelf()
    async with serving(tmp_path, shelf=shelf, first=Sick("old", always=True)) as client:
        with caplog.at_level(logging.ERROR):
            asked = await asyncio.gather(
                *(client.classify([f"you unmistakable clown {number}"]) for number in range(20))
            )
        assert {prediction.model_version for (prediction,) in asked} == {"older"}
        assert all(prediction.scores["insult"] > 0.5 for (prediction,) in asked)
        assert await serves(client) == "older"
        assert "no numbers" in (await client.health())["unhealthy"]["old"]
        assert "candor_unhealthy_versions 1.0" in await metrics(client)
    assert shelf.now == "older"
    assert list(shelf.retired) == ["old"]
    assert "old is unhealthy" in caplog.text
    assert "unmistakable" not in caplog.text


async def test_a_text_that_no_version_can_score_fails_alone_and_changes_nothing(tmp_path: Path) -> None:
    loaded: list[str] = []

    def loads(folder: Path) -> FakeClassifier:
        loaded.append(folder.name)
        return Sick(folder.name)

    shelf = Shelf()
    async with serving(tmp_path, shelf=shelf, first=Sick("old"), loads=loads) as client:
        answers = await asyncio.gather(
            *(
                client.classify([text])
                for text in ("you clown", "poison", "nice friend", "more poison", "poison again")
            ),
            return_exceptions=True,
        )
        assert [isinstance(answer, ModelFailed) for answer in answers] == [False, True, False, True, True]
        assert await serves(client) == "old"
        assert (await client.health())["unhealthy"] == {}
    assert loaded == ["older"]  # whoever sends such texts one after the other does not keep the server busy loading
    assert not shelf.retired


async def test_without_a_version_before_the_text_fails_with_a_sentence(tmp_path: Path) -> None:
    shelf = Shelf()
    shelf.before.clear()
    async with serving(tmp_path, shelf=shelf, first=Sick("old")) as client:
        with pytest.raises(ModelFailed, match="not numbers"):
            await client.classify(["poison"])
        assert await serves(client) == "old"


async def test_a_text_that_only_the_champion_cannot_score_is_answered_by_the_version_before(tmp_path: Path) -> None:
    loaded: list[str] = []

    def loads(folder: Path) -> FakeClassifier:
        loaded.append(folder.name)
        return load(folder)

    shelf = Shelf()
    async with serving(tmp_path, shelf=shelf, first=Sick("old"), loads=loads) as client:
        for text in ("poison clown", "more poison"):
            assert [each.model_version for each in await client.classify([text])] == ["older"]
        assert await serves(client) == "old"
        assert (await client.health())["unhealthy"] == {}
    assert loaded == ["older"]
    assert not shelf.retired


async def test_a_champion_that_breaks_after_a_while_is_found_out_though_its_good_scores_are_remembered(
    tmp_path: Path,
) -> None:
    champion, shelf = Sick("old"), Shelf()
    async with serving(tmp_path, shelf=shelf, first=champion) as client:
        assert (await client.classify(["poison"]))[0].model_version == "older"
        champion._always = True
        assert await serves(client) == "older"
        assert await serves(client) == "older"
    assert list(shelf.retired) == ["old"]


async def test_who_hangs_up_while_the_version_before_is_loaded_costs_nobody_the_change(tmp_path: Path) -> None:
    gate, loaded = Gate(), list[str]()

    def loads(folder: Path) -> FakeClassifier:
        loaded.append(folder.name)
        gate()
        return load(folder)

    shelf = Shelf()
    async with serving(tmp_path, shelf=shelf, first=Sick("old", always=True), loads=loads) as client:
        for number in range(3):
            asked = asyncio.ensure_future(client.classify([f"hello {number}"]))
            await asyncio.to_thread(gate.entered.wait, 30)
            await settle()
            asked.cancel()
            await asyncio.gather(asked, return_exceptions=True)
        stays = asyncio.ensure_future(client.classify(["you clown"]))
        await settle()
        gate.open()
        assert (await stays)[0].model_version == "older"
        assert await serves(client) == "older"
    assert loaded == ["older"]
    assert list(shelf.retired) == ["old"]


async def test_who_hangs_up_while_the_change_is_noted_does_not_hide_it_from_the_operator(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    gate = Gate()

    class Slow(Shelf):
        def retire(self, version: str, why: str) -> None:
            super().retire(version, why)
            gate()

    async with serving(tmp_path, shelf=Slow(), first=Sick("old", always=True)) as client:
        asked = asyncio.ensure_future(client.classify(["hello"]))
        await asyncio.to_thread(gate.entered.wait, 30)
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)
        gate.open()
        assert await serves(client) == "older"
        assert "no numbers" in (await client.health())["unhealthy"]["old"]
        assert "candor_unhealthy_versions 1.0" in await metrics(client)
    assert "old is unhealthy" in caplog.text


async def test_a_version_before_that_cannot_be_loaded_is_not_loaded_for_every_text(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    loaded: list[str] = []

    def loads(folder: Path) -> FakeClassifier:
        loaded.append(folder.name)
        raise MemoryError("unmistakable words")

    shelf = Shelf()
    async with serving(tmp_path, shelf=shelf, first=Sick("old", always=True), loads=loads) as client:
        answers = await asyncio.gather(
            *(client.classify([f"hello {number}"]) for number in range(5)), return_exceptions=True
        )
        assert all(isinstance(answer, ModelFailed) and "not numbers" in str(answer) for answer in answers)
        with pytest.raises(ModelFailed, match="not numbers"):
            await client.classify(["hello again"])
    assert loaded == ["older"]
    assert not shelf.retired
    assert "MemoryError" in caplog.text
    assert "unmistakable" not in caplog.text


async def test_where_no_version_gives_numbers_none_is_marked(tmp_path: Path) -> None:
    shelf = Shelf()
    async with serving(
        tmp_path,
        shelf=shelf,
        first=Sick("old", always=True),
        loads=lambda folder: Sick(folder.name, always=True),
    ) as client:
        with pytest.raises(ModelFailed, match="not numbers"):
            await client.classify(["hello"])
    assert not shelf.retired


async def test_a_shadow_that_gives_no_numbers_costs_the_champion_nothing(tmp_path: Path) -> None:
    shelf = Shelf()
    async with serving(
        tmp_path,
        shelf=shelf,
        first=FakeClassifier("old", max_tokens=64),
        loads=lambda folder: Sick("new") if folder.name == "new" else load(folder),
    ) as client:
        await client.set_shadow("new", on=True)
        with pytest.raises(ModelFailed, match="not numbers"):
            await client.classify(["poison"], version="new")
        assert await serves(client) == "old"
    assert not shelf.retired


def test_a_retired_version_is_marked_and_promoted_again_only_with_a_reason(tmp_path: Path) -> None:
    folders = Folders(tmp_path)
    folders.adopt("one")
    folders.store.promote("one")
    folders.store.retire("one", "Its scores were no numbers on 2026-11-21.")
    assert folders.decides() == SHIPPED
    (one, _) = folders.store.versions()
    assert one.unhealthy == "Its scores were no numbers on 2026-11-21."
    with pytest.raises(BadRequest, match="no numbers"):
        folders.store.promote("one")
    folders.store.promote("one", force=True, reason="The driver was to blame.")
    assert folders.decides() == "one"
    (one, _) = folders.store.versions()
    assert (one.role, one.unhealthy) == ("champion", None)


def test_going_back_passes_over_a_retired_version(tmp_path: Path) -> None:
    folders = Folders(tmp_path)
    for version in ("one", "two", "three"):
        folders.adopt(version)
        folders.store.promote(version)
    folders.store.retire("two", "Its scores were no numbers.")
    assert folders.roles() == {"three": "champion", "two": "kept", "one": "previous", SHIPPED: "shipped"}
    assert folders.store.previous() == folders.store.folder("one")
    folders.store.retire("three", "Its scores were no numbers.")
    assert folders.decides() == "one"
    folders.store.promote("three", force=True, reason="The driver was to blame.")
    folders.store.retire("one", "Its scores were no numbers.")
    assert folders.store.rollback() == folders.decides() == SHIPPED


def test_a_retired_version_is_not_promoted_unforced_though_the_choice_is_lost(tmp_path: Path) -> None:
    folders = Folders(tmp_path)
    folders.adopt("one")
    folders.store.promote("one")
    folders.store.retire("one", "Its scores were no numbers.")
    (folders.models / "champion.json").write_text("damaged")
    with pytest.raises(BadRequest, match="no numbers"):
        folders.store.promote("one")
