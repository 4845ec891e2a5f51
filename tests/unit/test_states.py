"""How the process looks after itself: a clock that jumps, states that change, a model server that hangs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.core.states import WORDS, WRONG, findings
from bot.model_watch import SILENCES, ModelWatch
from bot.steady import ClockWatch, StateLog
from moderation_model.errors import ModelUnavailable


class Machine:
    """A wall clock and the time that has passed, both moved by a test."""

    def __init__(self) -> None:
        self.wall, self.passed = 1_000_000.0, 50.0

    def pass_by(self, seconds: float) -> None:
        self.wall += seconds
        self.passed += seconds

    def watch(self) -> ClockWatch:
        return ClockWatch(wall=lambda: self.wall, passed=lambda: self.passed)


@pytest.mark.parametrize("seconds", [-7200.0, 600.0, 86400.0])
def test_a_clock_that_jumps_is_in_doubt_until_it_was_steady_for_an_hour(seconds: float) -> None:
    machine = Machine()
    clock = machine.watch()
    machine.pass_by(30)
    assert not clock.jumped
    with capture_logs() as lines:
        machine.wall += seconds
        assert clock.jumped
        machine.pass_by(3000)
        assert clock.jumped
        machine.pass_by(700)
        assert not clock.jumped
    assert [line["seconds"] for line in lines] == [seconds]


def test_a_clock_that_is_corrected_little_by_little_did_not_jump() -> None:
    machine = Machine()
    clock = machine.watch()
    for _ in range(100):
        machine.pass_by(1)
        machine.wall += 5
        assert not clock.jumped


def test_a_state_that_changes_is_logged_once_and_one_that_lasts_is_not() -> None:
    states: dict[str, object] = {"model": "ready", "spooled": 3}
    watch = StateLog(lambda: states)
    with capture_logs() as lines:
        for word in ("ready", "away", "away", "ready", "ready"):
            states |= {"model": word, "spooled": len(lines)}
            watch.look()
    assert [(line["log_level"], line["part"], line["state"]) for line in lines] == [
        ("warning", "model", "away"),
        ("info", "model", "ready"),
    ]


def test_a_start_is_a_warning_only_once_it_has_lasted() -> None:
    states, passed = {"discord": "connecting", "model": "starting"}, 0.0
    watch = StateLog(lambda: states, passed=lambda: passed)
    with capture_logs() as lines:
        for passed in (0.0, 20.0, 31.0, 40.0, 90.0):
            states |= {"model": "ready"} if passed == 20.0 else {}
            watch.look()
    assert [(line["log_level"], line["part"], line["state"]) for line in lines] == [
        ("info", "discord", "connecting"),
        ("info", "model", "starting"),
        ("info", "model", "ready"),
        ("warning", "discord", "connecting"),
    ]


def test_a_connection_that_is_lost_is_a_warning_at_once() -> None:
    states = {"discord": "connecting"}
    watch = StateLog(lambda: states, passed=lambda: 0.0)
    with capture_logs() as lines:
        for word in ("connecting", "ready", "away", "ready"):
            states["discord"] = word
            watch.look()
    assert [line["log_level"] for line in lines] == ["info", "info", "warning", "info"]


def test_each_part_stands_in_one_clear_word() -> None:
    words = [word for known in WORDS.values() for word in known]
    assert [word for word in words if not word.replace("_", "").isalpha()] == []
    assert {(part, word) for part, word in WRONG if word not in WORDS[part]} == set()


def test_every_state_that_is_wrong_says_what_it_means_and_how_to_mend_it() -> None:
    for part, word in WRONG:
        (found,) = findings({part: word, "other": "ready"})
        assert not found.ok
        assert found.sentence.endswith(".")
        assert found.fix
    assert findings({"model": "ready", "database": "ready", "spool": "empty"}) == []


class Child:
    """A model server of our own, as far as the watch sees it."""

    def __init__(self) -> None:
        self.state, self.pid, self.ended = "ready", 1, 0

    def end_hung(self) -> None:
        self.ended += 1


class Server:
    """Answers questions about its health, or does not."""

    answers = True
    unhealthy: Mapping[str, str] = {}

    async def health(self) -> dict[str, Any]:
        if not self.answers:
            raise ModelUnavailable("The model server gave no answer in time.")
        return {"ready": True, "unhealthy": dict(self.unhealthy)}


async def test_a_server_of_our_own_that_answers_nothing_is_ended_and_one_that_is_slow_for_a_while_is_not() -> None:
    child, server = Child(), Server()
    watch = ModelWatch(server.health, child=child)  # pyright: ignore[reportArgumentType]
    for answers in (False, False, True) * 3:
        server.answers = answers
        await watch.look()
    assert child.ended == 0
    server.answers = False
    for _ in range(SILENCES):
        await watch.look()
    assert child.ended == 1
    assert watch.state == "ready"  # the child itself says what becomes of it now


async def test_a_server_that_is_starting_is_not_taken_for_hung() -> None:
    child, server = Child(), Server()
    child.state, server.answers = "restarting", False
    watch = ModelWatch(server.health, child=child)  # pyright: ignore[reportArgumentType]
    for _ in range(3 * SILENCES):
        await watch.look()
    assert (child.ended, watch.state) == (0, "restarting")


async def test_a_remote_server_that_is_silent_is_away_and_a_version_out_of_service_is_known() -> None:
    server = Server()
    watch = ModelWatch(server.health, child=None)
    assert watch.state == "remote"
    server.answers = False
    await watch.look()
    assert watch.state == "away"
    server.answers, server.unhealthy = True, {"v2": "no numbers"}
    await watch.look()
    assert (watch.state, watch.unhealthy) == ("remote", {"v2": "no numbers"})
