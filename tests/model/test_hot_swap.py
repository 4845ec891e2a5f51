"""Another model takes over while messages come: every one is answered, by the one model or the other."""

from __future__ import annotations

import asyncio
from pathlib import Path

from moderation_model.client import ModelClient
from tests.model.test_learn_routes import serving

CALLERS, SWAPS = 8, 20


async def test_no_request_is_dropped_while_models_take_over(tmp_path: Path) -> None:
    async with serving(tmp_path) as client:
        changing = asyncio.Event()
        callers = [asyncio.create_task(calling(client, number, changing)) for number in range(CALLERS)]
        for _ in range(SWAPS):
            assert await client.promote("new") == "new"
            assert await client.rollback() == "old"
        changing.set()
        answers = [answer for answered in await asyncio.gather(*callers) for answer in answered]
        (after,) = await client.classify(["you clown"])
    assert {version for version, _ in answers} == {"old", "new"}
    assert all(right for _, right in answers)
    assert len(answers) > SWAPS
    assert after.model_version == "old"


async def calling(client: ModelClient, number: int, changed: asyncio.Event) -> list[tuple[str, bool]]:
    """Which version answered each call until `changed`, and whether the answer is that to its texts."""
    found: list[tuple[str, bool]] = []
    texts = ["you clown", *["nice friend"] * number]
    while not changed.is_set():
        predictions = await client.classify(texts)
        right = [prediction.scores["insult"] > 0.5 for prediction in predictions] == [True, *[False] * number]
        found.append((predictions[0].model_version, right))
    return found
