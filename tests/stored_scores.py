"""Many stored scores at once, as a server has them after some days."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.store.database import Database
from bot.store.tables import predictions
from moderation_model.labels import LABEL_NAMES
from tests.builders import CHANNEL, GUILD, MODEL, NOON


async def store_scores(
    db: Database,
    insults: Sequence[float],
    *,
    until: datetime = NOON,
    days: float = 2,
    guild_id: int = GUILD,
    channel_id: int = CHANNEL,
    first_id: int = 50_000,
    model_version: str = MODEL,
    label: str = "insult",
) -> None:
    """Messages with those scores of the label and next to none of the others, evenly over the last days."""
    step = timedelta(days=days) / len(insults)
    rows = [
        {
            "guild_id": guild_id,
            "channel_id": channel_id,
            "message_id": first_id + number,
            "revision": 0,
            "created_at": until - timedelta(days=days) + number * step,
            "state": "scored",
            "scores": {**dict.fromkeys(LABEL_NAMES, 0.01), label: score},
            "reading": "as_written",
            "model_version": model_version,
        }
        for number, score in enumerate(insults)
    ]
    async with db.begin() as connection:
        await connection.execute(predictions.insert(), rows)


def loud(number: int = 600) -> list[float]:
    """Scores of so many messages, a third of them insults from 60 to 99 %."""
    return [0.6 + 0.39 * place / number if place % 3 == 0 else 0.02 for place in range(number)]
