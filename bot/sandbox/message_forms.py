"""Checks of what a message may hold: lengths, embeds, polls, allowed mentions, flags."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from bot.sandbox.component_forms import check_components
from bot.sandbox.errors import ApiError
from bot.sandbox.forms import Problems
from bot.sandbox.world import Json

SUPPRESS_EMBEDS, EPHEMERAL, LOADING, SUPPRESS_NOTIFICATIONS = 1 << 2, 1 << 6, 1 << 7, 1 << 12
HAS_SNAPSHOT, COMPONENTS_V2 = 1 << 14, 1 << 15
SETTABLE = SUPPRESS_EMBEDS | EPHEMERAL | SUPPRESS_NOTIFICATIONS | COMPONENTS_V2
BOT_CONTENT, MEMBER_CONTENT = 2000, 4000
"""Characters of content: members may have Nitro, bots may not."""

_EMBED_TEXTS = {"title": 256, "description": 4096}
_MOST_EMBED_TEXT = 6000
_MOST_POLL_HOURS = 32 * 24


def check_message(body: Json, *, filenames: Collection[str], most_content: int = BOT_CONTENT, flags: int = 0) -> None:
    """Raise 50035 for bad fields and 50006 for a message with nothing in it.

    `body` is the message as it will be (an edit merged with what stands), `flags` the flags it will have.
    """
    problems = Problems()
    content = problems.text("content", body.get("content"), most=most_content)
    if flags & COMPONENTS_V2:
        _check_no_legacy(problems, body)
    embeds = problems.items("embeds", body.get("embeds"), most=10)
    _check_embeds(problems, embeds)
    check_components(problems, body.get("components"), v2=bool(flags & COMPONENTS_V2), filenames=filenames)
    problems.items("attachments", body.get("attachments"), most=10)
    _check_mentions(problems, body.get("allowed_mentions"))
    if body.get("poll") is not None:
        _check_poll(problems, body["poll"])
    problems.raise_any()
    filled = content.strip() or embeds or filenames or body.get("components") or body.get("poll")
    if not filled and not body.get("message_snapshots") and not flags & LOADING:
        raise ApiError(400, 50006, "Cannot send an empty message")


def _check_no_legacy(problems: Problems, body: Json) -> None:
    for field in ("content", "embeds", "poll", "sticker_ids"):
        if body.get(field):
            text = f"The '{field}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2"
            problems.add(field, "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2", text)


def _check_embeds(problems: Problems, embeds: list[Any]) -> None:
    total = 0
    for index, embed in enumerate(embeds):
        path = f"embeds.{index}"
        for field, most in _EMBED_TEXTS.items():
            total += len(problems.text(f"{path}.{field}", embed.get(field), most=most))
        total += len(problems.text(f"{path}.footer.text", (embed.get("footer") or {}).get("text"), most=2048))
        total += len(problems.text(f"{path}.author.name", (embed.get("author") or {}).get("name"), most=256))
        for number, field in enumerate(problems.items(f"{path}.fields", embed.get("fields"), most=25)):
            at = f"{path}.fields.{number}"
            total += len(problems.text(f"{at}.name", field.get("name"), least=1, most=256, required=True))
            total += len(problems.text(f"{at}.value", field.get("value"), least=1, most=1024, required=True))
    if total > _MOST_EMBED_TEXT:
        text = f"Embed size exceeds maximum size of {_MOST_EMBED_TEXT}"
        problems.add("embeds", "MAX_EMBED_SIZE_EXCEEDED", text)


def _check_mentions(problems: Problems, allowed: Any) -> None:
    if not isinstance(allowed, dict):
        return
    for kind in ("users", "roles"):
        problems.items(f"allowed_mentions.{kind}", allowed.get(kind), most=100)
        if allowed.get(kind) and kind in (allowed.get("parse") or []):
            text = f'parse:["{kind}"] and {kind}: [ids...] are mutually exclusive.'
            problems.add("allowed_mentions", "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", text)


def _check_poll(problems: Problems, poll: Any) -> None:
    question = poll.get("question") or {}
    problems.text("poll.question.text", question.get("text"), least=1, most=300, required=True)
    for index, answer in enumerate(problems.items("poll.answers", poll.get("answers"), least=1, most=10)):
        text = (answer.get("poll_media") or {}).get("text")
        problems.text(f"poll.answers.{index}.poll_media.text", text, least=1, most=55, required=True)
    hours = poll.get("duration", 24)
    if not isinstance(hours, int | float) or not 1 <= hours <= _MOST_POLL_HOURS:
        problems.add("poll.duration", "NUMBER_TYPE_MAX", f"Must be between 1 and {_MOST_POLL_HOURS} hours.")
