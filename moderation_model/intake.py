"""Requests of the HTTP interface, from bytes to checked values.

The server parses bodies itself: pydantic refuses a whole body for one lone surrogate, and here it is only dropped.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from moderation_model.cleaning import clean
from moderation_model.errors import BadRequest
from moderation_model.labels import LABEL_NAMES
from moderation_model.priority import Priority

MAX_BODY_BYTES = 1024 * 1024
MAX_TEXTS = 512
MAX_CHARACTERS = 16_000
MAX_SNOWFLAKE = 2**63 - 1
MAX_VERSION = 200

_PRIORITIES = {priority.name.lower(): priority for priority in Priority}


class Refused(BadRequest):
    """A request that cannot be used, with the HTTP status that says so."""

    def __init__(self, sentence: str, *, status: int) -> None:
        super().__init__(sentence)
        self.status = status


@dataclass(frozen=True, slots=True)
class ClassifyRequest:
    """`texts` are cleaned; `guild_id` is None where the caller named none. `version` None asks whatever serves."""

    texts: tuple[str, ...]
    guild_id: int | None
    priority: Priority
    version: str | None = None


@dataclass(frozen=True, slots=True)
class ExplainRequest:
    """`text` is cleaned; `label` None asks for the label that the text is flagged for most."""

    text: str
    label: str | None


def too_large() -> Refused:
    """The refusal of a body over the limit."""
    return Refused("The request is larger than 1 MiB. Send fewer texts at once.", status=413)


def read_classify(body: bytes) -> ClassifyRequest:
    """The request in `body`. Raises Refused with one sentence."""
    data = _object(body)
    texts = data.get("texts")
    if not isinstance(texts, list):
        raise Refused("`texts` must be a list of strings.", status=422)
    if len(texts) > MAX_TEXTS:
        raise Refused(f"A request may hold at most {MAX_TEXTS} texts; this one holds {len(texts)}.", status=413)
    return ClassifyRequest(
        texts=tuple(_text(text, f"`texts[{index}]`") for index, text in enumerate(texts)),
        guild_id=_guild_id(data.get("guild_id")),
        priority=_priority(data.get("priority", "live")),
        version=_version(data.get("version")),
    )


def read_explain(body: bytes) -> ExplainRequest:
    """The request in `body`. Raises Refused with one sentence."""
    data = _object(body)
    label = data.get("label")
    if label is not None and (not isinstance(label, str) or label not in LABEL_NAMES):
        raise Refused(f"`label` must be one of {', '.join(LABEL_NAMES)}.", status=422)
    return ExplainRequest(text=_text(data.get("text"), "`text`"), label=label)


def _version(value: Any) -> str | None:
    if value is not None and not (isinstance(value, str) and len(value) <= MAX_VERSION):
        raise Refused("`version` must be the name of a model version.", status=422)
    return None if value is None else clean(value)


def read_json(body: bytes) -> Any:
    """What `body` holds. Raises Refused (400) with one sentence if it is not JSON."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise Refused("The body is not JSON. Send an object in UTF-8.", status=400) from None


def _object(body: bytes) -> dict[str, Any]:
    data = read_json(body)
    if not isinstance(data, dict):
        raise Refused("The body must be a JSON object.", status=422)
    return data


def _text(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise Refused(f"{name} must be a string.", status=422)
    if len(value) > MAX_CHARACTERS:
        raise Refused(f"{name} is longer than {MAX_CHARACTERS:,} characters. Split it.", status=422)
    return clean(value)


def _guild_id(value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 19:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_SNOWFLAKE:
        raise Refused("`guild_id` must be a Discord id: a whole number below 2^63.", status=422)
    return value


def _priority(value: object) -> Priority:
    if not isinstance(value, str) or value not in _PRIORITIES:
        raise Refused(f"`priority` must be one of {', '.join(_PRIORITIES)}.", status=422)
    return _PRIORITIES[value]
