"""The demo keeps to a folder of its own and starts anew each time."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.config import load_settings
from bot.demo import demo_settings, forget_last_run


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
