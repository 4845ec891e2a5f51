"""The demo keeps to a folder of its own and starts anew each time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bot.config import load_settings
from bot.demo import demo_settings, forget_last_run
from bot.flow.moderate import Passed
from bot.sandbox.script import SCRIPT
from bot.stage import line_json
from tests.builders import message
from tests.chat.card_case import CASE


def test_the_demo_forgets_what_its_model_learned_and_never_touches_the_real_models(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CANDOR_MODELS_DIR", str(tmp_path / "real"))
    settings = demo_settings(load_settings(), "a-token")
    for folder in (tmp_path / "real", settings.models_folder):
        folder.mkdir(parents=True)
    forget_last_run(settings.data_dir)
    assert not settings.models_folder.exists()
    assert (tmp_path / "real").is_dir()
    forget_last_run(settings.data_dir)


def test_a_line_that_joined_another_card_is_not_printed_with_the_words_of_that_one() -> None:
    assert CASE.explanation is not None
    own = Passed(message(message_id=CASE.message_id), "decided", case=CASE)
    joined = replace(own, message=message(message_id=CASE.message_id + 1))
    words = [line_json(SCRIPT[0], each, CASE, reported=False, problem=None)["top_words"] for each in (own, joined)]
    assert words == [list(CASE.explanation.top()), []]
