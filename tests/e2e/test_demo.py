"""`candor demo --headless` as it is run: its lines, the raid, the day of reviewing, and the summary."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bot.sandbox.script import APPEAL, MISSED, SCRIPT, SLIPPED, WARNED

SECONDS = 300


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What the demo printed, one object a line; it has ended with 0."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CANDOR_")}
    environment["CANDOR_DATA_DIR"] = str(tmp_path_factory.mktemp("demo"))
    command = [sys.executable, "-m", "bot", "demo", "--headless"]
    # Started from the repository: its .env, if there is one, must not be read.
    folder = tmp_path_factory.mktemp("elsewhere")
    environment["PYTHONPATH"] = str(Path(__file__).parents[2])
    ended = subprocess.run(
        command, check=False, cwd=folder, env=environment, capture_output=True, text=True, timeout=SECONDS
    )
    assert ended.returncode == 0, ended.stderr[-2000:]
    return [json.loads(line) for line in ended.stdout.splitlines()]


def step(played: list[dict[str, Any]], name: str) -> dict[str, Any]:
    (found,) = [each for each in played if each.get("name") == name]
    return found


def answers(step: dict[str, Any], who: str) -> list[str]:
    return [each["answer"] for each in step["pressed"] if each["who"] == who]


pytestmark = pytest.mark.timeout(SECONDS + 30)


def test_every_line_the_raid_and_six_steps_are_played_and_summed_up(played: list[dict[str, Any]]):
    kinds = [next(kind for kind in ("line", "raid", "step", "summary") if kind in each) for each in played]
    assert kinds == ["line"] * len(SCRIPT) + ["raid"] + ["step"] * 6 + ["summary"]
    summary = played[-1]["summary"]
    assert summary["reviewing"]["steps"] == 6
    assert summary["reviewing"]["as_they_must_be"] == 6 - len(summary["reviewing"]["wrong"])
    assert summary["raid"]["cards"] == 1
    assert "500 cards a day" in summary["set_up"]


def test_lines_that_must_open_a_case_have_one_with_a_card(played: list[dict[str, Any]]):
    wrong = {problem.split(":")[0] for problem in played[-1]["summary"]["wrong"]}
    for each in played[: len(SCRIPT)]:
        must_open = each["must_be"] in ("insult", "threat", "care")
        assert not must_open or each["case_id"] or f"line {each['line']}" in wrong


def test_a_confirmed_card_deletes_the_raid_with_its_first_line(played: list[dict[str, Any]]):
    after = step(played, "confirmed")["after"]
    assert (after["state"], after["verdict"], after["deleted"]) == ("closed", "breaks_rules", 31)


def test_what_a_keyword_deleted_is_fine_and_stands_there_again(played: list[dict[str, Any]]):
    after = step(played, "taken back")["after"]
    assert (after["verdict"], after["actions"]) == ("fine", {"delete": "undone"})
    assert WARNED.text in after["in_the_channel"]
    assert "nothing wrong with it" in after["member_reads"]


def test_a_member_appeals_from_the_notice_and_is_told_that_it_was_granted(played: list[dict[str, Any]]):
    found = step(played, "appeal overturned")
    assert "you cannot write until" in found["after"]["notice"]
    assert f"Appeal: {APPEAL}" in [each["pressed"] for each in found["pressed"]]
    assert "The timeout is lifted." in answers(found, "Robin")[0]
    assert "Your appeal is granted" in found["after"]["member_reads"]
    assert not found["after"]["timed_out"]


def test_a_missed_message_is_reported_and_confirmed(played: list[dict[str, Any]]):
    found = step(played, "reported and confirmed")
    assert answers(found, "Priya")[-1].startswith("Thank you.")
    assert (found["after"]["state"], found["after"]["verdict"]) == ("closed", "breaks_rules")
    assert MISSED.who in found["what"]


def test_a_previewed_limit_comes_with_its_picture_and_is_applied(played: list[dict[str, Any]]):
    found = step(played, "preview applied")
    assert found["after"]["pictures"] == ["preview.png"]
    assert found["after"]["preview"].startswith("At 90 % insult would have deleted")
    assert found["after"]["insult"] == {"delete_at": 0.9, "mode": "shadow"}


def test_an_audit_finds_what_slipped_through(played: list[dict[str, Any]]):
    found = step(played, "audited")
    assert found["after"]["cards"] >= 1
    if found["as_it_must_be"]:
        assert (found["after"]["opened_why"], found["after"]["verdict"]) == ("audit", "breaks_rules")
    else:
        assert SLIPPED.who in found["problem"]
