"""Incident actions: invites and direct messages paused for up to a day, as `PUT /guilds/{guild_id}/incident-actions`.

Discord documents neither an audit log entry nor a reason for them, so none is kept here.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from bot.sandbox.clock import iso
from bot.sandbox.errors import bad_form, problem
from bot.sandbox.permissions import P, require_in_guild
from bot.sandbox.shapes import guild_json
from bot.sandbox.world import Event, Guild, Json, World

MOST = timedelta(hours=24)
FIELDS = ("invites_disabled_until", "dms_disabled_until")


def change(world: World, guild: Guild, *, actor_id: int, body: Json) -> Json:
    """Set the fields that the body names, null ends one; all or nothing. Needs Manage Server; the bot is told."""
    require_in_guild(guild, actor_id, P.MANAGE_GUILD)
    wanted = {field: _time(world, field, body[field]) for field in FIELDS if field in body}
    for field, until in wanted.items():
        setattr(guild, field, until)
    world.emit(Event("GUILD_UPDATE", guild_json(guild), guild.id, audience="bot"))
    return {field: iso(getattr(guild, field)) for field in FIELDS}


def _time(world: World, field: str, value: Any) -> datetime | None:
    if value is None:
        return None
    try:
        when = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise bad_form({field: problem("DATE_TIME_TYPE_PARSE", "Invalid date string")}) from None
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    if when > world.clock.now() + MOST:
        raise bad_form({field: problem("DATE_TIME_TYPE_MAX", "Must be within the next 24 hours.")})
    return when
