"""Values for tests, with defaults that a test overrides only where it cares."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from bot.core.cases import Case, NewCase
from bot.core.events import IncomingMessage, PartKind, Person, TextPart
from bot.core.guild_rules import GuildRules
from bot.core.policy import decide
from moderation_model.contract import AS_WRITTEN, Prediction, Sentiment
from moderation_model.labels import LABEL_NAMES

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
EXPIRES = NOON + timedelta(days=30)
GUILD = 100
CHANNEL = 200
MODEL = "test-1"
SOME_CASE = Case(
    case_id=1,
    guild_id=GUILD,
    channel_id=CHANNEL,
    message_id=1000,
    revision=0,
    author_id=1,
    author_name="Kai",
    opened_why="flagged",
    state="open",
    text="you clown",
    jump_url=f"https://discord.com/channels/{GUILD}/{CHANNEL}/1000",
    posted_at=NOON,
    opened_at=NOON,
)
"""A case, for what looks at cases without a database."""


def person(user_id: int = 1, name: str = "Kai", roles: frozenset[int] = frozenset()) -> Person:
    return Person(user_id, name, joined_at=NOON, role_ids=roles)


def message(
    text: str = "hello there",
    *,
    message_id: int = 1000,
    revision: int = 0,
    author: Person | None = None,
    guild_id: int = GUILD,
    channel_id: int = CHANNEL,
    kind: PartKind = "content",
    by_webhook: bool = False,
    at: datetime = NOON,
) -> IncomingMessage:
    return IncomingMessage(
        guild_id=guild_id,
        channel_id=channel_id,
        channel_name="general",
        message_id=message_id,
        revision=revision,
        author=author or person(),
        parts=(TextPart(kind, text),) if text.strip() else (),
        created_at=at,
        seen_at=at,
        jump_url=f"https://discord.com/channels/{guild_id}/{channel_id}/{message_id}",
        by_webhook=by_webhook,
    )


def prediction(
    scores: Mapping[str, float] | None = None, *, readable: bool = True, reading: str = AS_WRITTEN, limit: float = 0.5
) -> Prediction:
    """All labels at 0.01 but those in `scores`; every limit is `limit`."""
    full = {name: (scores or {}).get(name, 0.01) for name in LABEL_NAMES}
    flagged = sorted((name for name in full if full[name] >= limit), key=lambda name: -full[name])
    return Prediction(
        scores=full,
        flagged=tuple(flagged) if readable else (),
        sentiment=Sentiment((0.2, 0.2, 0.2, 0.2, 0.2)),
        reading=reading,
        model_version=MODEL,
        thresholds=dict.fromkeys(LABEL_NAMES, limit),
        readable=readable,
    )


def new_case(
    text: str = "you clown", *, message_id: int = 1000, author: Person | None = None, guild_id: int = GUILD
) -> NewCase:
    """A case on a message that was flagged as an insult, opened at noon, its text kept until `EXPIRES`."""
    written = message(text, message_id=message_id, author=author, guild_id=guild_id)
    predictions = [prediction({"insult": 0.9, "toxic": 0.7})]
    decision = decide(written, predictions, GuildRules(guild_id))
    return NewCase.of(written, predictions, decision, opened_at=NOON, text_expires_at=EXPIRES)
