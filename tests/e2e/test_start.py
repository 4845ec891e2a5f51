"""A start that cannot work ends in a sentence with the fix, not in an error of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.app import build_app
from bot.config import Settings, load_settings
from bot.errors import BadSettings, BotError, StoreUnavailable
from bot.sandbox.sandbox import Sandbox


def settings(folder: Path, token: str | None) -> Settings:
    return load_settings(_env_file=None, discord_token=token, data_dir=folder, model_url="http://127.0.0.1:9")


async def refusal(sandbox: Sandbox, folder: Path, token: str | None) -> BotError:
    app = build_app(settings(folder, token), connector=sandbox.connector())
    try:
        with pytest.raises(BotError) as caught:
            await app.start()
    finally:
        await app.stop()
    return caught.value


async def test_no_token_says_where_to_get_one(sandbox: Sandbox, tmp_path: Path):
    assert "CANDOR_DISCORD_TOKEN" in str(await refusal(sandbox, tmp_path, None))


async def test_a_refused_token_says_so_and_shows_no_token(sandbox: Sandbox, tmp_path: Path):
    error = await refusal(sandbox, tmp_path, "no-such-token")
    assert isinstance(error, BadSettings)
    assert "does not accept the token" in str(error)
    assert "no-such-token" not in str(error)


async def test_a_missing_intent_says_which(sandbox: Sandbox, tmp_path: Path):
    sandbox.world.application.privileged = 0
    assert "Message Content Intent" in str(await refusal(sandbox, tmp_path, sandbox.token))


async def test_without_discord_it_says_what_to_check(sandbox: Sandbox, tmp_path: Path):
    sandbox.faults.fail("GET", "users/@me", times=20, status=400)
    assert "could not be reached" in str(await refusal(sandbox, tmp_path, sandbox.token))


async def test_a_database_that_goes_away_in_the_middle_of_the_start_ends_nothing(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    async def away() -> int:
        raise StoreUnavailable("The database does not answer.")

    app = build_app(settings(tmp_path, sandbox.token), connector=sandbox.connector())
    monkeypatch.setattr(app.flows.moderate, "settle", away)
    try:
        await app.start()
        assert app.standing.state()["discord"] == "ready"
    finally:
        await app.stop()
