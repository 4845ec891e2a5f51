"""The demo of learning, short: its people write and press, its clock moves, and a stand-in for the training answers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from rich.console import Console

from bot.flow.learn import LEAST_LABELS
from bot.sandbox.sandbox import Sandbox
from bot.stage_crowd import gained
from bot.stage_learn import NUMBERS_FILE, PAGE_FILE, LearnStage, learned
from bot.stage_watch import Watch
from tests.e2e.learn_house import FIRST, learning_house, stub_server
from tests.e2e.stub_run import BETTER

LIVED = 260
"""Some are of members who wrote before their card was answered, and so share it."""


@pytest.mark.timeout(600)
async def test_the_community_teaches_the_model_and_the_figures_are_told(
    sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    with stub_server(tmp_path) as server:
        async with learning_house(
            sandbox, tmp_path / "bot", server, watch=(watch := Watch()), start=False, checked=10
        ) as house:
            stage = LearnStage(
                house.app,
                sandbox,
                watch,
                tmp_path,
                headless=True,
                console=Console(quiet=True),
                lived=LIVED,
                held_out=40,
            )
            await stage.crowd.gather()
            await house.app.start()
            summary = await stage.play()
    # The first model flags everything and the second nothing, so that is what must come out.
    before, after = summary["held_out_before"], summary["held_out_after"]
    assert (before["false_flag_rate"], before["recall"]) == (1.0, 1.0)
    assert (after["false_flag_rate"], after["recall"]) == (0.0, 0.0)
    assert (summary["before"], summary["serving"], summary["promoted"]) == (FIRST, BETTER, True)
    assert summary["examples"] >= LEAST_LABELS
    assert (tmp_path / PAGE_FILE).read_text("utf-8").lstrip().lower().startswith("<!doctype html")
    assert json.loads((tmp_path / NUMBERS_FILE).read_text("utf-8"))["result"]["challenger"] == BETTER
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    assert [next(iter(each)) for each in told] == ["held_out_before", "verdicts", "report", "held_out_after"]
    assert "A new model" in told[2]["report"]["card"]
    assert summary["report"] in learned(summary)[-1]


def test_what_was_gained_is_the_difference_of_the_shares_with_its_interval():
    share, low, high = gained([True] * 30 + [False] * 70, [True] * 10 + [False] * 90)
    assert share == pytest.approx(-0.2)
    assert low < -0.2 < high < 0.0
    assert gained([True, False], [True, False])[0] == 0.0
