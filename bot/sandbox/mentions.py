"""Whom a message calls: what its text names, as far as `allowed_mentions` and permissions let it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from bot.sandbox.permissions import P
from bot.sandbox.world import Guild, Json

_USER, _ROLE, _EVERYONE = re.compile(r"<@!?(\d+)>"), re.compile(r"<@&(\d+)>"), re.compile(r"@(?:everyone|here)\b")


@dataclass(frozen=True, slots=True)
class Mentions:
    """Ids in the order of the text, and whether everybody is called."""

    user_ids: tuple[int, ...] = ()
    role_ids: tuple[int, ...] = ()
    everyone: bool = False


def mentions_of(text: str, allowed: Json | None, *, guild: Guild | None, held: int, replied_to: int | None) -> Mentions:
    """Whom `text` calls. `held`: the author's permissions there; `replied_to`: the author of the answered message."""
    users = _ids(_USER, text)
    roles = [] if guild is None else [each for each in _ids(_ROLE, text) if each in guild.roles]
    may_all = bool(held & P.MENTION_EVERYONE)
    if guild is not None and not may_all:
        roles = [each for each in roles if guild.roles[each].mentionable]
    everyone = guild is not None and may_all and bool(_EVERYONE.search(text))
    answers = replied_to is not None
    if allowed is not None:
        users = _allowed(users, allowed, "users")
        roles = _allowed(roles, allowed, "roles")
        everyone = everyone and "everyone" in (allowed.get("parse") or [])
        answers = answers and bool(allowed.get("replied_user"))
    if answers and replied_to is not None and replied_to not in users:
        users = [*users, replied_to]
    return Mentions(tuple(users), tuple(roles), everyone)


def _ids(pattern: re.Pattern[str], text: str) -> list[int]:
    return list(dict.fromkeys(int(found) for found in pattern.findall(text)))


def _allowed(ids: list[int], allowed: dict[str, Any], kind: str) -> list[int]:
    if kind in (allowed.get("parse") or []):
        return ids
    named = {int(each) for each in allowed.get(kind) or []}
    return [each for each in ids if each in named]
