"""Tokens, keys and passwords show nowhere: not in what is printed or logged, not in `repr`, not in the process list."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import httpx
import psutil
import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet

from bot.app import build_app
from bot.child import ModelChild
from bot.config import Settings
from bot.errors import BadSettings, StoreUnavailable
from bot.log import describe
from bot.store.crypto import TextKey
from bot.store.database import Database
from moderation_model.client import ModelClient
from moderation_model.server import ServerConfig

ROOT = Path(__file__).parents[2]
KEY = Fernet.generate_key().decode()
SECRETS = {
    "discord_token": "MTIzNDU2Nzg5MDEyMzQ1Njc4OTA.Gabcde.abcdefghijklmnopqrstuvwxyz0123",
    "encryption_key": KEY,
    "model_token": "model-token-hunter2",
    "database_url": "postgresql+asyncpg://candor:database-hunter2@127.0.0.1:9/candor",
    "discord_proxy": "http://candor:proxy-hunter2@127.0.0.1:9",
    "model_url": "http://candor:model-hunter2@127.0.0.1:9",
}
HIDDEN = (SECRETS["discord_token"], KEY, "hunter2")


def settings(**changes: object) -> Settings:
    return Settings(_env_file=None, **{**SECRETS, **changes})  # pyright: ignore[reportCallIssue, reportArgumentType]


def shows(text: str) -> list[str]:
    """Which of the secrets stand in it."""
    return [secret for secret in HIDDEN if secret in text]


# Not rotate-key: whoever sets the key in a variable asks it for a new one, which is what it prints.
@pytest.mark.parametrize("verb", ["doctor", "migrate", "run", "privacy-policy"])
def test_no_verb_prints_or_logs_a_secret_also_where_it_fails(verb: str, tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CANDOR_")}
    environment |= {f"CANDOR_{name.upper()}": value for name, value in SECRETS.items()}
    environment |= {"CANDOR_LOG_LEVEL": "debug", "CANDOR_DATA_DIR": str(tmp_path), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "bot", verb],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.stdout + done.stderr
    assert shows(done.stdout + done.stderr) == []


async def test_no_repr_shows_a_secret() -> None:
    held = settings()
    url = sa.make_url(SECRETS["database_url"])
    things: list[object] = [held, str(held), url, TextKey(KEY), ServerConfig(token="hunter2")]
    database, client = Database(SECRETS["database_url"], key=TextKey(KEY)), ModelClient("https://x", token="hunter2")
    child, app = ModelChild(held), build_app(settings(model_url=None))
    things += [database, database.url, client, child, app, app.bot, app.bot.http, app.model, app.settings]
    assert [each for each in things if shows(repr(each))] == []
    await client.aclose()
    await app.stop()
    await child.stop()


def test_a_setting_that_cannot_be_used_is_named_and_not_repeated() -> None:
    with pytest.raises(BadSettings) as caught:
        Database("postgresql+asyncpg://candor:hun:ter2@127.0.0.1:hunter2/candor", key=TextKey(KEY))
    assert shows(str(caught.value) + describe(caught.value)) == []
    with pytest.raises(BadSettings) as caught:
        TextKey("hunter2")
    assert shows(str(caught.value) + describe(caught.value)) == []


async def test_an_error_of_the_database_or_the_network_is_told_without_its_address() -> None:
    database = Database(SECRETS["database_url"], key=TextKey(KEY))
    with pytest.raises(StoreUnavailable) as caught:
        await database.ping()
    assert shows(str(caught.value) + describe(caught.value)) == []
    await database.close()
    request = httpx.Request("GET", SECRETS["model_url"], headers={"Authorization": "Bearer hunter2"})
    for error in (
        httpx.ConnectError(f"no way to {SECRETS['model_url']}", request=request),
        httpx.HTTPStatusError(f"401 at {SECRETS['model_url']}", request=request, response=httpx.Response(401)),
    ):
        assert shows(describe(error)) == []


async def test_the_model_servers_command_line_and_environment_hold_no_secret_but_its_own_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(f"CANDOR_{name.upper()}", value)
    stand_in = ROOT / "tests" / "unit" / "stand_in_server.py"
    child = ModelChild(settings(data_dir=tmp_path), command=[sys.executable, str(stand_in), "serves"])
    try:
        await child.start()
        process = psutil.Process(child.pid)
        environment = process.environ()
        assert environment.pop("CANDOR_MODEL_TOKEN") == SECRETS["model_token"]
        assert [name for name, value in environment.items() if shows(value)] == []
        assert shows(" ".join(process.cmdline())) == []
    finally:
        await child.stop()
