"""`candor doctor` against a Discord: the real client asks over REST, for the token and for each server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bot.config import Settings
from bot.core.findings import Finding
from bot.doctor import examine
from bot.sandbox.sandbox import Sandbox


def settings_for(folder: Path, **chosen: Any) -> Settings:
    nowhere = {"data_dir": folder, "model_url": "http://127.0.0.1:9"}
    return Settings(_env_file=None, **{**nowhere, **chosen})  # pyright: ignore[reportCallIssue]


def about(findings: list[Finding], what: str) -> list[Finding]:
    return [found for found in findings if found.about == what]


async def test_a_server_without_a_review_channel_is_told_to_run_setup(sandbox: Sandbox, tmp_path: Path) -> None:
    settings = settings_for(tmp_path, discord_token=sandbox.token)
    findings = await examine(settings, connector=sandbox.connector())
    assert all(found.ok for found in about(findings, "token") + about(findings, "intents"))
    (review,) = about(findings, "review channel")
    assert not review.ok
    assert "/candor setup" in (review.fix or "")


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
