"""Logging: ids only. Message text and secrets cannot reach the log, whichever library writes the line.

Our own lines are events with ids. Lines of libraries keep their template, but no string argument, because nobody can
know what a library puts there. Tracebacks name exceptions and places; they hold no local values, and the message of an
exception only where it is one of ours (a sentence) or the operating system's.
"""

from __future__ import annotations

import logging
import re
import sys
import traceback
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any, TextIO
from urllib.parse import urlsplit

import structlog
from structlog.typing import EventDict, Processor

from bot.config import Settings
from bot.errors import BotError
from moderation_model.errors import ModelError

HIDDEN = "***"
PRIVATE_KEYS = frozenset({"text", "texts", "content", "token", "key", "password", "secret", "authorization"})
"""Such a field is dropped from every line."""

LIBRARY_LEVELS = {"discord": logging.INFO, "alembic": logging.WARNING, "alembic.runtime.migration": logging.INFO}
"""The lowest level of a library's lines; WARNING for all others. Below it, discord.py logs whole payloads."""

PLAIN_LIBRARIES = ("alembic",)
"""Libraries whose arguments are kept: they hold the names of migrations and nothing else."""

_TOKENS = (
    (re.compile(r"\b[\w-]{20,}\.[\w-]{5,}\.[\w-]{20,}"), HIDDEN),  # Discord's bot tokens, and JWTs
    (re.compile(r"(/(?:webhooks|interactions)/\d+/)[\w-]+"), rf"\1{HIDDEN}"),
    (re.compile(r"(?i)\b(bearer|bot) [\w.~+/=-]{16,}"), rf"\1 {HIDDEN}"),
)
_ARGUMENT = re.compile(r"%(?:\(\w+\))?[-#0 +]*\d*(?:\.\d+)?[a-zA-Z]")


def configure(settings: Settings, *, stream: TextIO | None = None) -> None:
    """Set up all logging of this process, onto standard error. Called once by the command line, never at import."""
    redact = Redactor(_secrets(settings))
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.contextvars.merge_contextvars,
        _plain_exception,
        redact,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    renderer: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if settings.log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=False, exception_formatter=_no_traceback)
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[_template_only, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
            use_get_message=False,
            pass_foreign_args=True,
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    root.setLevel(max(level, logging.WARNING))
    for name, lowest in LIBRARY_LEVELS.items():
        logging.getLogger(name).setLevel(max(level, lowest))
    for name in ("bot", "moderation_model"):
        logging.getLogger(name).setLevel(level)


class Redactor:
    """A structlog processor: drops private fields and hides secrets in what stays."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = sorted({secret for secret in secrets if secret}, key=len, reverse=True)

    def __call__(self, logger: Any, method: str, event: EventDict) -> EventDict:
        return {
            name: value if name.startswith("_") else self._value(value)
            for name, value in event.items()
            if name.lower() not in PRIVATE_KEYS
        }

    def _value(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._hide(value)
        if isinstance(value, Mapping):
            return {name: self._value(item) for name, item in value.items() if str(name).lower() not in PRIVATE_KEYS}
        if isinstance(value, list | tuple | set | frozenset):
            return [self._value(item) for item in value]
        if value is None or isinstance(value, bool | int | float):
            return value
        return self._hide(f"<{type(value).__name__}>")

    def _hide(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        for pattern, replacement in _TOKENS:
            text = pattern.sub(replacement, text)
        return text


def describe(error: BaseException) -> str:
    """An exception with its causes: type, safe message and places, newest cause last. No source values."""
    parts: list[str] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        parts.append("\n".join([_headline(current), *_places(current.__traceback__)]))
        if isinstance(current, BaseExceptionGroup):
            parts += [describe(inner) for inner in current.exceptions]
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return "\nfrom ".join(parts)


def _headline(error: BaseException) -> str:
    name = type(error).__qualname__
    if isinstance(error, BotError | ModelError):
        return f"{name}: {error}"
    if isinstance(error, OSError) and error.strerror:
        return f"{name}: {error.strerror}"
    numbers = [f"{field}={value}" for field in ("status", "code") if type(value := getattr(error, field, None)) is int]
    return f"{name} ({', '.join(numbers)})" if numbers else name


def _places(trace: TracebackType | None) -> list[str]:
    return [f"  {frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(trace, limit=-15)]


def _plain_exception(logger: Any, method: str, event: EventDict) -> EventDict:
    """Replaces `exc_info` by `describe`."""
    given = event.pop("exc_info", None)
    error = given if isinstance(given, BaseException) else given[1] if isinstance(given, tuple) else None
    if given is True:
        error = sys.exc_info()[1]
    if error is not None:
        event["exception"] = describe(error)
    return event


def _template_only(logger: Any, method: str, event: EventDict) -> EventDict:
    """A library's line without the strings it was to be filled with; its numbers stay."""
    name, arguments = event["_record"].name, event.pop("positional_args", ())
    event.pop("stack_info", None)
    event["logger"] = name
    template = event["event"]
    if name.startswith("asyncio"):  # hands over finished text with the values of arguments and exceptions
        template = re.split(r"[\n<(]", template, maxsplit=1)[0].strip()
    show = str if name.split(".")[0] in PLAIN_LIBRARIES else _number
    filling = iter(arguments if isinstance(arguments, tuple) else ())
    event["event"] = _ARGUMENT.sub(lambda _: show(next(filling, None)), template.replace("%%", "%"))
    return event


def _number(argument: object) -> str:
    if argument is None or isinstance(argument, bool | int):
        return str(argument)
    return f"{argument:.3g}" if isinstance(argument, float) else "…"


def _no_traceback(stream: TextIO, exc_info: object) -> None:
    """Nothing: `_plain_exception` has said it already."""


def _secrets(settings: Settings) -> Iterable[str]:
    for secret in (settings.discord_token, settings.encryption_key, settings.model_token):
        if secret is not None:
            yield secret.get_secret_value()
            yield from (part.strip() for part in secret.get_secret_value().split(","))  # keys, the new one first
    for address in (settings.database_url, settings.discord_proxy, settings.model_url):
        if address is not None:
            yield urlsplit(address).password or ""
