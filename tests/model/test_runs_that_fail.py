"""Runs whose server fails them: a full disk, a champion that does not open, a kill in the middle of a removal."""

from __future__ import annotations

import asyncio
import errno
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from moderation_model import run_files, runs
from moderation_model.errors import ModelUnavailable
from moderation_model.learning import RunState
from moderation_model.run_order import read_order
from tests.model.test_runs import HANGS, TEXT, WORKS, House, body, files_with, order


def full(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


async def test_a_champion_that_does_not_open_fails_the_run_and_the_next_can_start(tmp_path: Path) -> None:
    house = House(tmp_path, WORKS)
    house.damaged = True
    async with house.keeper as keeper:
        await keeper.start(body(order()))
        state = await house.until(lambda state: state.ended)
        assert (state.phase, state.error) == ("failed", "The model in the box cannot be read.")
        assert files_with(TEXT, tmp_path) == []
        house.damaged = False
        await keeper.start(body(order("run-2")))
        assert (await house.until(lambda state: state.ended, "run-2")).phase == "done"


@pytest.mark.parametrize(
    ("fails", "phase"), [(lambda state: state.ended, "done"), (lambda state: state.phase == "running", "failed")]
)
async def test_a_full_disk_does_not_keep_a_run_from_ending(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: Callable[[RunState], bool], phase: str
) -> None:
    house, real = House(tmp_path, WORKS), runs.write_state

    def write(folder: Path, state: RunState, attempts: int) -> None:
        full() if fails(state) else real(folder, state, attempts)

    async with house.keeper as keeper:
        monkeypatch.setattr(runs, "write_state", write)
        await keeper.start(body(order()))
        state = await house.until(lambda state: state.ended)
        assert state.phase == phase
        assert state.error in (None, "The server could not read or write its files: No space left on device.")
        assert files_with(TEXT, tmp_path) == []
        monkeypatch.setattr(runs, "write_state", real)
        await keeper.start(body(order("run-2")))
        assert (await house.until(lambda state: state.ended, "run-2")).phase == "done"
        assert [state.phase for state in keeper.states()] == ["done", phase]
    second = House(tmp_path, WORKS)
    async with second.keeper:
        assert (await second.until(lambda state: state.ended)).phase in ("done", "failed")


async def test_an_order_that_finds_no_room_is_refused_with_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = House(tmp_path, WORKS)
    async with house.keeper as keeper:
        with monkeypatch.context() as patch:
            patch.setattr(runs, "write_state", full)
            with pytest.raises(ModelUnavailable, match="Make room there"):
                await keeper.start(body(order()))
        assert files_with("", tmp_path) == []
        await keeper.start(body(order()))
        assert (await house.until(lambda state: state.ended)).phase == "done"


async def test_an_order_does_not_come_back_where_its_run_ends_while_texts_are_withdrawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house, real = House(tmp_path, HANGS), run_files.write_whole
    inside, go = threading.Event(), threading.Event()

    def slow(path: Path, text: str) -> None:
        if path.name == run_files.FORGOTTEN:
            inside.set()
            go.wait(10)
        real(path, text)

    async with house.keeper as keeper:
        await keeper.start(body(order()))
        await house.until(lambda state: state.stage == "training")
        monkeypatch.setattr(run_files, "write_whole", slow)
        striking = asyncio.create_task(keeper.forget([7]))
        await asyncio.to_thread(inside.wait, 10)
        assert (await keeper.cancel("run-1")).phase == "cancelled"
        go.set()
        await striking
    assert files_with(TEXT, tmp_path) == []


async def test_of_many_who_are_forgotten_at_once_none_stays(tmp_path: Path) -> None:
    house, ids = House(tmp_path, HANGS), range(100, 140)
    one = order().examples[0]
    asked = replace(order(), examples=(one, *(replace(one, example_id=each, text=f"line {each}") for each in ids)))
    async with house.keeper as keeper:
        await keeper.start(body(asked))
        await house.until(lambda state: state.stage == "training")
        await asyncio.gather(*(keeper.forget([each]) for each in ids))
        folder = tmp_path / "run-1"
        left = read_order((folder / run_files.ORDER).open("rb")).examples
        assert [example.example_id for example in left] == [one.example_id]
        assert run_files.forgotten(folder) == list(ids)


async def test_a_removal_that_was_cut_short_is_finished_by_the_next_server(tmp_path: Path) -> None:
    first = House(tmp_path, HANGS)
    async with first.keeper as keeper:
        await keeper.start(body(order()))
        await first.until(lambda state: state.stage == "training")
    folder = tmp_path / "run-1"
    whole = (folder / "order.jsonl").read_bytes()
    run_files.strike(folder, [7])
    (folder / ".order.jsonl").write_bytes((folder / "order.jsonl").read_bytes())  # killed before the new one took over
    (folder / "order.jsonl").write_bytes(whole)
    second = House(tmp_path, WORKS)
    async with second.keeper:
        state = await second.until(lambda state: state.ended)
    assert state.log == ("looked at 2 lines",)
    assert second.stale == [7]
    assert files_with(TEXT, tmp_path) == []


async def test_texts_that_a_run_left_when_it_ended_are_removed_at_the_next_start(tmp_path: Path) -> None:
    first = House(tmp_path, WORKS)
    async with first.keeper as keeper:
        await keeper.start(body(order()))
        await first.until(lambda state: state.ended)
    for name in ("order.jsonl", ".order.jsonl", "work/rows"):
        (tmp_path / "run-1" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "run-1" / name).write_text(TEXT)
    async with House(tmp_path, WORKS).keeper as keeper:
        assert keeper.state("run-1").phase == "done"
        assert files_with(TEXT, tmp_path) == []
