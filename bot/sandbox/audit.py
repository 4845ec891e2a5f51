"""The audit log: who did what to whom, with the reason that was given."""

from __future__ import annotations

from typing import Any

from bot.sandbox.world import Event, Json, World

GUILD_UPDATE, CHANNEL_CREATE, CHANNEL_UPDATE, CHANNEL_DELETE = 1, 10, 11, 12
MEMBER_KICK, BAN_ADD, BAN_REMOVE, MEMBER_UPDATE, MEMBER_ROLE_UPDATE = 20, 22, 23, 24, 25
ROLE_CREATE, WEBHOOK_CREATE, MESSAGE_DELETE, MESSAGE_BULK_DELETE = 30, 50, 72, 73
THREAD_UPDATE = 111


def record(
    world: World,
    guild_id: int,
    action: int,
    *,
    by: int,
    target: int,
    reason: str | None,
    changes: list[Json] | None = None,
    options: dict[str, Any] | None = None,
) -> None:
    """Add an entry and announce it."""
    entry: Json = {
        "id": str(world.snowflakes.make()),
        "action_type": action,
        "user_id": str(by),
        "target_id": str(target),
    }
    entry |= {"changes": changes} if changes else {}
    entry |= {"options": options} if options else {}
    entry |= {"reason": reason} if reason else {}
    world.guild(guild_id).audit.append(entry)
    world.emit(Event("GUILD_AUDIT_LOG_ENTRY_CREATE", {**entry, "guild_id": str(guild_id)}, guild_id, audience="bot"))
