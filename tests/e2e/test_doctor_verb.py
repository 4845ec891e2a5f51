"""`candor doctor` against a Discord: the real client asks over REST, for the token and for each server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiohttp import web

from bot.config import Settings
from bot.core.findings import Finding
from bot.doctor import examine
from bot.sandbox.sandbox import Sandbox
from bot.store.crypto import TextKey
from bot.store.database import Database
from bot.store.predictions import PredictionStore
from moderation_model.contract import ModelInfo
from moderation_model.labels import LABEL_NAMES
from tests.builders import message, prediction


def settings_for(folder: Path, **chosen: Any) -> Settings:
    nowhere = {"data_dir": folder, "model_url": "http://127.0.0.1:9"}
    return Settings(_env_file=None, **{**nowhere, **chosen})  # pyright: ignore[reportCallIssue]


def about(findings: list[Finding], what: str) -> list[Finding]:
    return [found for found in findings if found.about == what]


@asynccontextmanager
async def served_model() -> AsyncIterator[str]:
    """The address of a model server that only says what it is."""
    info = ModelInfo("v7", LABEL_NAMES, (), {}, True, "torch", "cpu", "bfloat16", 128, ("en",))

    async def model(request: web.Request) -> web.Response:
        return web.json_response(info.to_dict())

    async def versions(request: web.Request) -> web.Response:
        return web.json_response({"error": "There is no such route."}, status=404)

    app = web.Application()
    app.router.add_get("/v1/model", model)
    app.router.add_get("/v1/models", versions)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def test_a_server_without_a_review_channel_is_told_to_run_setup(sandbox: Sandbox, tmp_path: Path) -> None:
    settings = settings_for(tmp_path, discord_token=sandbox.token)
    findings = await examine(settings, connector=sandbox.connector())
    assert all(found.ok for found in about(findings, "token") + about(findings, "intents"))
    (review,) = about(findings, "review channel")
    assert not review.ok
    assert "/candor setup" in (review.fix or "")


async def test_how_much_of_the_chat_is_not_judged_is_said_of_each_server(sandbox: Sandbox, tmp_path: Path) -> None:
    async with served_model() as url:
        settings = settings_for(tmp_path, discord_token=sandbox.token, model_url=url)
        db = Database(settings.sql_url, key=TextKey.from_settings(settings))
        await db.migrate()
        store, at = PredictionStore(db), datetime.now(UTC)
        for number, why in enumerate(["language not read", None, None, None]):
            found = () if why else [prediction()]
            told = message(message_id=number, guild_id=sandbox.guild.id)
            await store.record(told, found, at=at, unscored_why=why, retry=False)
        await db.close()
        findings = await examine(settings, connector=sandbox.connector())
    (language,) = about(findings, "language")
    assert language.ok
    assert language.sentence == f"{sandbox.guild.name}: English only; 25 % of your chat is not judged."


async def test_a_token_that_discord_refuses_is_a_finding_and_not_shown(sandbox: Sandbox, tmp_path: Path) -> None:
    settings = settings_for(tmp_path, discord_token="no.token.atall")
    findings = await examine(settings, connector=sandbox.connector())
    (token,) = about(findings, "token")
    assert not token.ok
    assert "no.token.atall" not in token.sentence + (token.fix or "")


async def test_a_discord_that_cannot_be_reached_is_a_finding(sandbox: Sandbox, tmp_path: Path) -> None:
    settings = settings_for(tmp_path, discord_token=sandbox.token)
    connector = sandbox.connector()
    await sandbox.stop()
    findings = await examine(settings, connector=connector)
    assert [found.ok for found in about(findings, "discord")] == [False]
