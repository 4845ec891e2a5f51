"""Whether what the bot posts may notify anybody: a property of every request, checked wherever they are recorded."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

SAYS = ("content", "components", "embeds")
POSTING = re.compile(r"/channels/\d+/messages(/\d+)?|/webhooks/.+|/interactions/.+/callback")
ANSWERS = frozenset({4, 7})
"""Answers to an interaction that show a message, or change one."""
CALL = re.compile(r"<@&(\d+)> ")


def problem(method: str, path: str, body: Mapping[str, Any]) -> str | None:
    """Why the request may notify somebody whom we did not mean to, None where it does not.

    The one exception: the line that calls a server's own role, which names that role and may notify it alone.
    """
    if method not in ("POST", "PATCH") or not POSTING.fullmatch(path):
        return None
    if path.endswith("/callback"):
        if body.get("type") not in ANSWERS:
            return None
        body = body.get("data") or {}
    if not any(body.get(part) for part in SAYS):
        return None
    allowed = body.get("allowed_mentions")
    if allowed is None:
        return f"{method} {path}: everybody whom the text names is notified"
    if allowed.get("parse") or allowed.get("users") or allowed.get("replied_user"):
        return f"{method} {path}: {sorted(allowed)} are notified"
    called = CALL.match(body.get("content") or "")
    named = [str(role) for role in allowed.get("roles") or ()]
    return (
        None if not named or (called and named == [called[1]]) else f"{method} {path}: the roles {named} are notified"
    )
