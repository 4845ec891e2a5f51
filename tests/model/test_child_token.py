"""The bot's own model server answers the bot and nobody else on the machine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from bot.child import ModelChild
from bot.config import Settings
from moderation_model.client import ModelClient
from moderation_model.errors import Unauthorised


@pytest.fixture
async def child(tiny_model_dir: Path, tmp_path: Path) -> AsyncIterator[ModelChild]:
    """A server that is ready."""
    settings = Settings(
        _env_file=None,  # pyright: ignore[reportCallIssue]
        model_path=str(tiny_model_dir),
        model_device="cpu",
        models_dir=tmp_path / "models",
    )
    child = ModelChild(settings)
    try:
        await child.start()
        yield child
    finally:
        await child.stop()


async def test_only_who_has_the_token_may_classify_or_look_at_runs(child: ModelChild) -> None:
    async with httpx.AsyncClient(base_url=child.url) as stranger:
        for method, path in (("POST", "/v1/classify"), ("GET", "/v1/runs"), ("POST", "/v1/runs")):
            answer = await stranger.request(method, path, json={"texts": ["hello"]})
            assert answer.status_code == 401
        health = await stranger.get("/healthz")
        assert (health.status_code, health.json()) == (200, {"ready": True})
    for token in (None, "guessed"):
        other = ModelClient(child.url, token=token)
        with pytest.raises(Unauthorised):
            await other.classify(["hello"])
        await other.aclose()
    bot = ModelClient(child.url, token=child.token)
    assert [each.model_version for each in await bot.classify(["hello"])] == ["tiny-1"]
    assert (await bot.health())["version"] == "tiny-1"
    await bot.aclose()
