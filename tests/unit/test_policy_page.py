"""The policy says what is set, names every group of personal data, and marks what only the operator can say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bot.__main__ import build_cli
from bot.config import Settings
from bot.flow.policy_page import Facts, policy
from bot.store.privacy import PRIVACY


def written(*, permits: int = 0, **settings: Any) -> str:
    return policy(Facts(Settings(_env_file=None, **settings), permits=permits))  # pyright: ignore[reportCallIssue]


def test_every_group_of_personal_data_is_named():
    page = written()
    assert [row.group for row in PRIVACY if row.personal and f"| {row.group}: " not in page] == []


@pytest.mark.parametrize(
    ("settings", "said", "unsaid"),
    [
        ({"text_days": 11}, "11 days after its case", "30 days (`CANDOR_TEXT_DAYS`)"),
        ({"prediction_days": 12}, "12 days (`CANDOR_PREDICTION_DAYS`)", "30 days (`CANDOR_PREDICTION_DAYS`)"),
        ({"case_days": 77}, "77 days (`CANDOR_CASE_DAYS`)", "365 days"),
        ({"guild_grace_days": 3}, "deleted after 3 days", "7 days"),
        ({"keep_text": False}, "No text of a message is kept", "may train"),
        ({"train_on_messages": True}, "Discord has expressly permitted it", "No model is trained on messages"),
        ({}, "No model is trained on messages of Discord", "expressly permitted it"),
        ({"permits": 2}, "On 2 servers an administrator has recorded", "No model is trained on messages"),
        ({"database_url": "postgresql+asyncpg://bot:secret@db/candor"}, "a PostgreSQL database", "SQLite"),
        ({}, "an SQLite file on the machine", "PostgreSQL"),
        ({"model_url": "http://gpu-machine:8765"}, "model server at gpu-machine", "no message leaves it"),
        ({}, "no message leaves it", "model server at"),
    ],
)
def test_it_follows_the_settings(settings: dict[str, Any], said: str, unsaid: str):
    page = written(**settings)
    assert said in page
    assert unsaid not in page
    assert "secret" not in page


def test_what_only_the_operator_can_say_is_marked():
    assert written().count("**[FILL IN: ") >= 5


def test_the_verb_prints_both_documents_and_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CANDOR_TEXT_DAYS", "9")
    shown = CliRunner().invoke(build_cli(), ["privacy-policy"])
    assert shown.exit_code == 0
    assert "# Privacy policy" in shown.output
    assert "# Answers for Discord's review" in shown.output
    assert "9 days after its case" in shown.output
    assert [path.name for path in tmp_path.rglob("*")] == []
