"""What serves beside a registry on disk: big files are read in threads, and only where something may have changed."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from moderation_model import registry
from moderation_model.batching import BatchQueue
from moderation_model.versions import Versions
from tests.model.model_folders import SHIPPED, Shelf
from tests.model.serving_fakes import FakeClassifier, Sick


def load(folder: Path) -> FakeClassifier:
    return FakeClassifier(str(registry.open_folder(folder)["version"]), max_tokens=64)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    shelf = Shelf(tmp_path)
    for version in ("one", "two"):
        shelf.adopt(version)
        shelf.store.promote(version)
    return shelf


@pytest.fixture
def readers(monkeypatch: pytest.MonkeyPatch) -> list[threading.Thread]:
    """The thread of each time that a whole file was read."""
    found: list[threading.Thread] = []
    digest = registry.file_digest

    def noted(path: Path) -> str:
        found.append(threading.current_thread())
        return digest(path)

    monkeypatch.setattr(registry, "file_digest", noted)
    return found


async def test_the_event_loop_never_reads_a_whole_model(shelf: Shelf, readers: list[threading.Thread]) -> None:
    async with BatchQueue(Sick("two", always=True)) as queue:
        versions = Versions(shelf.store, queue, load)
        readers.clear()

        async def name(model: object) -> str:
            assert isinstance(model, FakeClassifier)
            return model.info.version

        assert await versions.stand_in(queue.classifier, name) == "one"
        await versions.promote("two", force=True, reason="The driver was to blame.")
        assert await versions.rollback() == "one"
        read = list(readers)
        shelf.store.promote("two", force=True, reason="Tried again.")
        readers.clear()
        assert await versions.look()
    assert read
    assert readers
    assert threading.main_thread() not in (*read, *readers)


async def test_looking_where_nothing_has_changed_reads_no_model(shelf: Shelf, readers: list[threading.Thread]) -> None:
    async with BatchQueue(FakeClassifier("two", max_tokens=64)) as queue:
        versions = Versions(shelf.store, queue, load)
        readers.clear()
        assert not await versions.look()
        assert readers == []


async def test_a_champion_that_is_mended_beside_the_server_takes_over(shelf: Shelf) -> None:
    weights = shelf.store.folder("two") / "model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(b"damaged")
    async with BatchQueue(FakeClassifier(SHIPPED, max_tokens=64)) as queue:
        versions = Versions(shelf.store, queue, load)
        assert not await versions.look()
        weights.write_bytes(whole)
        assert await versions.look()
        assert queue.classifier.info.version == "two"
