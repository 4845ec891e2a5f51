"""Runs of the server with a stand-in for the training process: one at a time, resumed after a death."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import stat
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from moderation_model.errors import BadModelFolder, BadRequest, ModelOverloaded
from moderation_model.learning import Example, GateVerdict, RunOrder, RunResult, RunState
from moderation_model.run_order import order_lines, read_order
from moderation_model.runs import ATTEMPTS, RunKeeper

RESULT = RunResult(champion="a", challenger="b", verdict=GateVerdict(promote=True, rows=()))
TEXT = "a line that somebody wrote"

WORKS = f"""
import json, os, pathlib, sys
folder = pathlib.Path(sys.argv[1])
order = (folder / "order.jsonl").read_text()
print(json.dumps({{"stage": "training", "done": 3, "every": 9}}), flush=True)
print(json.dumps({{"say": "looked at %d lines" % order.count(chr(10))}}), flush=True)
(folder / "work" / "model").mkdir(parents=True, exist_ok=True)
(folder / "work" / "model" / "weights").write_text("w")
(folder / "result.json").write_text({json.dumps(RESULT.to_dict())!r})
"""
HANGS = """
import sys
print('{"stage": "training", "done": 1, "every": 2}', flush=True)
sys.stdin.read()
sys.exit(3)
"""
DIES = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
DIES_ONCE = f"""
import os, pathlib, signal, sys
mark = pathlib.Path(sys.argv[1]) / "been-here"
if not mark.exists():
    mark.write_text("")
    os.kill(os.getpid(), signal.SIGKILL)
{WORKS}
"""
FAILS = 'import sys; print(\'{"error": "There is nothing to learn from."}\', flush=True); sys.exit(1)'
EXAMPLE = (
    b'{"run_id": "a"}\n{"example_id": %(id)b, "text": "a line", "labels": {"insult": 1}, "source": "imported", '
    b'"may_train": true, "at": %(at)b%(more)b}\n'
)


def order(run_id: str = "run-1") -> RunOrder:
    example = Example(7, TEXT, {"insult": 1.0}, "moderator_written", True, 1.0)
    return RunOrder(run_id=run_id, examples=(example, replace(example, example_id=8)))


async def body(asked: RunOrder) -> AsyncIterator[bytes]:
    for line in order_lines(asked):
        yield line


def files_with(text: str, folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and text in path.read_text()]


class House:
    """A keeper over `folder`, with what was adopted."""

    def __init__(self, folder: Path, script: str) -> None:
        self.folder = folder
        self.damaged = False
        self.adopted: list[str] = []
        self.stale: list[int] = []
        command = (sys.executable, "-c", script)
        self.changed = asyncio.Event()
        self.keeper = RunKeeper(
            folder,
            champion=self._champion,
            adopt=self._adopt,
            mark_stale=self._mark,
            command=command,
            observe=lambda state: self.changed.set(),
        )

    def _champion(self) -> Path:
        if self.damaged:
            raise BadModelFolder("The model in the box cannot be read.")
        return self.folder / "champion"

    async def _mark(self, example_ids: list[int]) -> None:
        self.stale += example_ids

    async def _adopt(self, model: Path, result: RunResult) -> None:
        assert (model / "weights").read_text() == "w"
        self.adopted.append(str(result.challenger))

    async def until(self, there: Callable[[RunState], bool], run_id: str = "run-1") -> RunState:
        async with asyncio.timeout(30):
            while not there(state := self.keeper.state(run_id)):
                self.changed.clear()
                await self.changed.wait()
        return state


async def test_a_run_ends_with_its_result_and_leaves_no_text(tmp_path: Path) -> None:
    house = House(tmp_path, WORKS)
    async with house.keeper:
        started = await house.keeper.start(body(order()))
        assert started.phase == "queued"
        state = await house.until(lambda state: state.ended)
    assert (state.phase, state.stage, state.done, state.every) == ("done", "training", 3, 9)
    assert state.log == ("looked at 3 lines",)
    assert state.result == RESULT
    assert house.adopted == ["b"]
    assert files_with(TEXT, tmp_path) == []
    assert not (tmp_path / "run-1" / "work").exists()


async def test_texts_lie_where_only_their_owner_reads_them(tmp_path: Path) -> None:
    house = House(tmp_path, HANGS)
    async with house.keeper:
        await house.keeper.start(body(order()))
        await house.until(lambda state: state.stage == "training")
        assert stat.S_IMODE((tmp_path / "run-1" / "order.jsonl").stat().st_mode) == 0o600
        assert stat.S_IMODE((tmp_path / "run-1").stat().st_mode) == 0o700
        await house.keeper.cancel("run-1")


async def test_a_killed_process_is_started_again(tmp_path: Path) -> None:
    house = House(tmp_path, DIES_ONCE)
    async with house.keeper:
        await house.keeper.start(body(order()))
        state = await house.until(lambda state: state.ended)
    assert state.phase == "done"


async def test_a_process_that_always_dies_fails_the_run_with_a_sentence(tmp_path: Path) -> None:
    house = House(tmp_path, DIES)
    async with house.keeper:
        await house.keeper.start(body(order()))
        state = await house.until(lambda state: state.ended)
    assert (state.phase, state.error) == ("failed", f"Its process died {ATTEMPTS} times; the server's log says more.")
    assert not (tmp_path / "run-1" / "order.jsonl").exists()


async def test_what_the_process_says_of_its_failure_is_kept(tmp_path: Path) -> None:
    house = House(tmp_path, FAILS)
    async with house.keeper:
        await house.keeper.start(body(order()))
        state = await house.until(lambda state: state.ended)
    assert (state.phase, state.error) == ("failed", "There is nothing to learn from.")


async def test_a_cancelled_run_ends_and_makes_room(tmp_path: Path) -> None:
    house = House(tmp_path, HANGS)
    async with house.keeper:
        await house.keeper.start(body(order()))
        await house.until(lambda state: state.stage == "training")
        with pytest.raises(ModelOverloaded, match="Run run-1 goes on"):
            await house.keeper.start(body(order("run-2")))
        assert (await house.keeper.cancel("run-1")).phase == "cancelled"
        assert not (tmp_path / "run-1" / "order.jsonl").exists()
        assert (await house.keeper.start(body(order("run-2")))).run_id == "run-2"
        await house.keeper.cancel("run-2")
    assert [state.run_id for state in house.keeper.states()] == ["run-2", "run-1"]


async def test_the_same_order_twice_is_one_run(tmp_path: Path) -> None:
    house = House(tmp_path, WORKS)
    async with house.keeper:
        await house.keeper.start(body(order()))
        await house.until(lambda state: state.ended)
        assert (await house.keeper.start(body(order()))).phase == "done"
    assert house.adopted == ["b"]


async def test_the_next_server_resumes_what_the_last_one_left(tmp_path: Path) -> None:
    first = House(tmp_path, HANGS)
    async with first.keeper:
        await first.keeper.start(body(order()))
        await first.until(lambda state: state.stage == "training")
    assert (tmp_path / "run-1" / "order.jsonl").exists()
    second = House(tmp_path, WORKS)
    async with second.keeper:
        state = await second.until(lambda state: state.ended)
    assert state.phase == "done"
    assert second.adopted == ["b"]


async def test_the_process_ends_with_the_server(tmp_path: Path) -> None:
    script = "import os, pathlib, sys; pathlib.Path(sys.argv[1], 'pid').write_text(str(os.getpid()))\n" + HANGS
    house = House(tmp_path, script)
    async with house.keeper:
        await house.keeper.start(body(order()))
        await house.until(lambda state: state.stage == "training")
        pid = int((tmp_path / "run-1" / "pid").read_text())
    with pytest.raises(ProcessLookupError):
        os.kill(pid, signal.SIG_DFL)


async def test_what_is_withdrawn_meanwhile_leaves_the_run_and_marks_what_learned_from_it(tmp_path: Path) -> None:
    first = House(tmp_path, HANGS)
    kept = replace(order().examples[0], example_id=9, text="another line")
    asked = replace(order(), examples=(*order().examples, kept))
    async with first.keeper:
        await first.keeper.start(body(asked))
        await first.until(lambda state: state.stage == "training")
        await first.keeper.forget([7, 8, 77])
        await first.keeper.forget([78])
        left = tmp_path / "run-1" / "order.jsonl"
        assert files_with(TEXT, tmp_path) == []
        assert [example.example_id for example in read_order(left.open("rb")).examples] == [9]
        assert stat.S_IMODE(left.stat().st_mode) == 0o600
    second = House(tmp_path, WORKS)
    async with second.keeper:
        state = await second.until(lambda state: state.ended)
    assert state.log == ("looked at 2 lines",)
    assert (second.adopted, second.stale) == (["b"], [7, 8])


async def test_nothing_is_marked_where_nothing_was_withdrawn(tmp_path: Path) -> None:
    house = House(tmp_path, WORKS)
    async with house.keeper:
        await house.keeper.forget([7])
        await house.keeper.start(body(order()))
        await house.until(lambda state: state.ended)
        await house.keeper.forget([7])
    assert (house.adopted, house.stale) == (["b"], [])


@pytest.mark.parametrize(
    ("spoilt", "sentence"),
    [
        (b"no json\n", "Line 1 of the order is no JSON object"),
        (b'{"run_id": "../up"}\n', "A run's id is made of"),
        (b'{"run_id": "a", "mode": "magic"}\n', "The mode of a run"),
        (b'{"run_id": "a", "limits": {"1": {"insult": 7}}}\n', "must be scores from 0 to 1"),
        (b'{"run_id": "a"}\n{"text": "only that"}\n', "does not have the shape of one"),
        (b'{"run_id": "a", "seed": Infinity}\n', "The first line of a run's order is not one"),
        (b'{"run_id": "a", "seed": -1}\n', "The seed of a run"),
        (b'{"run_id": "a", "judge_share": NaN}\n', "The largest share"),
        (b'{"run_id": "a", "goal_precision": NaN}\n', "The precision asked for"),
        (b'{"run_id": "a", "limits": {"1": {"insult": NaN}}}\n', "must be scores from 0 to 1"),
        (EXAMPLE % {b"id": b"Infinity", b"at": b"0", b"more": b""}, "does not have the shape of one"),
        (EXAMPLE % {b"id": b"1", b"at": b"NaN", b"more": b""}, "must be numbers that end"),
        (EXAMPLE % {b"id": b"1", b"at": b"-Infinity", b"more": b""}, "must be numbers that end"),
        (EXAMPLE % {b"id": b"1", b"at": b"0", b"more": b', "scores": {"insult": NaN}'}, "must be numbers that end"),
        (EXAMPLE % {b"id": b"1", b"at": b"0", b"more": b', "weight": Infinity'}, "The weight of example 1"),
        (b"", "Line 1 of the order"),
    ],
)
async def test_a_bad_order_is_refused_and_leaves_nothing(tmp_path: Path, spoilt: bytes, sentence: str) -> None:
    async def stream() -> AsyncIterator[bytes]:
        yield spoilt

    house = House(tmp_path / "runs", WORKS)
    async with house.keeper:
        with pytest.raises(BadRequest, match=sentence):
            await house.keeper.start(stream())
    assert list((tmp_path / "runs").iterdir()) == []


async def test_a_run_that_nobody_knows_is_said_so(tmp_path: Path) -> None:
    house = House(tmp_path, WORKS)
    async with house.keeper:
        with pytest.raises(BadRequest, match="There is no run run-9"):
            house.keeper.state("run-9")
