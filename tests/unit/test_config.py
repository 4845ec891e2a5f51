"""Settings come from CANDOR_... variables and .env; a bad one is a sentence, a secret never shows."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from bot.config import Settings, load_settings
from bot.errors import BadSettings

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("CANDOR_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def test_nothing_has_to_be_set() -> None:
    settings = load_settings()
    assert settings.sql_url == "sqlite+aiosqlite:///var/candor.db"
    assert settings.model_url is None


def test_a_variable_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANDOR_TEXT_DAYS", "7")
    assert load_settings().text_days == 7


def test_a_dotenv_file_is_read_and_a_variable_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("CANDOR_TEXT_DAYS=7\nCANDOR_LOG_LEVEL=debug\n")
    monkeypatch.setenv("CANDOR_TEXT_DAYS", "8")
    settings = load_settings()
    assert settings.text_days == 8
    assert settings.log_level == "debug"


def test_a_bad_value_is_a_sentence_that_names_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANDOR_TEXT_DAYS", "0")
    monkeypatch.setenv("CANDOR_HEALTH_PORT", "eighty")
    with pytest.raises(BadSettings) as caught:
        load_settings()
    assert "CANDOR_TEXT_DAYS: input should be greater than or equal to 1." in str(caught.value)
    assert "CANDOR_HEALTH_PORT" in str(caught.value)


def test_secrets_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANDOR_DISCORD_TOKEN", "a-secret-token")
    monkeypatch.setenv("CANDOR_ENCRYPTION_KEY", "a-secret-key")
    settings = load_settings()
    assert "a-secret" not in repr(settings) + str(settings)


def test_the_example_file_names_every_setting_and_no_other() -> None:
    named = re.findall(r"^#?\s?(CANDOR_[A-Z_]+)=", (ROOT / ".env.example").read_text(), flags=re.MULTILINE)
    assert sorted(named) == sorted(f"CANDOR_{name.upper()}" for name in Settings.model_fields)


def test_an_empty_variable_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANDOR_DISCORD_TOKEN", "")
    monkeypatch.setenv("CANDOR_HEALTH_PORT", "")
    settings = load_settings()
    assert settings.discord_token is None
    assert settings.health_port is None
