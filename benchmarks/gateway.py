"""What Discord sends a bot: servers with their channels, and messages of members, as JSON text like on the wire."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

GUILDS, CHANNELS, MEMBERS = 8, 6, 200
FIRST_ID = 10**17
DISCORD_EPOCH = 1_420_070_400_000


def guild_id(number: int) -> int:
    """Id of the server with that number, 0 to `GUILDS` - 1."""
    return FIRST_ID + number


def channel_id(guild: int, place: int) -> int:
    """Id of one of its channels, 0 to `CHANNELS` - 1."""
    return FIRST_ID + 1000 + guild * CHANNELS + place


def ready() -> str:
    """The first event of a connection."""
    user = _user(-1) | {"bot": True, "verified": True, "mfa_enabled": False, "flags": 0}
    data = {"v": 10, "user": user, "guilds": [], "session_id": "s", "resume_gateway_url": "wss://gateway.invalid"}
    return _event("READY", data | {"application": {"id": user["id"], "flags": 0}})


def guild(number: int) -> str:
    """The event that brings a server."""
    everyone = {"id": str(guild_id(number)), "name": "@everyone", "permissions": "1071698660929", "position": 0}
    role = {"color": 0, "colors": {"primary_color": 0}, "hoist": False, "managed": False, "mentionable": False}
    channels = [
        {"id": str(channel_id(number, place)), "type": 0, "name": f"talk-{place}", "position": place}
        | {"permission_overwrites": [], "nsfw": False, "parent_id": None, "topic": None, "rate_limit_per_user": 0}
        for place in range(CHANNELS)
    ]
    data = {"id": str(guild_id(number)), "name": f"Server {number}", "owner_id": "1", "member_count": MEMBERS}
    data |= {"roles": [everyone | role | {"flags": 0}], "channels": channels, "members": [], "threads": []}
    data |= {"emojis": [], "stickers": [], "features": [], "presences": [], "voice_states": [], "unavailable": False}
    data |= {"verification_level": 1, "default_message_notifications": 0, "explicit_content_filter": 0, "mfa_level": 0}
    data |= {"nsfw_level": 0, "preferred_locale": "en-US", "afk_timeout": 300, "premium_tier": 0}
    return _event("GUILD_CREATE", data | {"system_channel_flags": 0, "premium_progress_bar_enabled": False})


def messages(texts: Sequence[str], *, run: int) -> list[str]:
    """One event a text, of members and channels by chance, written now. Different numbers of `run` share no id."""
    chance, now = random.Random(run), datetime.now(UTC)
    first = (int(now.timestamp() * 1000) - DISCORD_EPOCH << 22) + (run << 18)
    found: list[str] = []
    for number, text in enumerate(texts):
        place = chance.randrange(GUILDS)
        channel = channel_id(place, chance.randrange(CHANNELS))
        member = {"roles": [], "joined_at": "2021-03-01T12:00:00+00:00", "deaf": False, "mute": False, "flags": 0}
        data = {"id": str(first + number), "channel_id": str(channel), "guild_id": str(guild_id(place)), "type": 0}
        data |= {"content": text, "author": _user(chance.randrange(MEMBERS)), "member": member, "tts": False}
        data |= {"timestamp": now.isoformat(), "edited_timestamp": None, "mention_everyone": False, "mentions": []}
        data |= {"mention_roles": [], "attachments": [], "embeds": [], "pinned": False, "nonce": str(number)}
        found.append(_event("MESSAGE_CREATE", data | {"flags": 0, "components": []}))
    return found


def _user(number: int) -> dict[str, Any]:
    name = f"member{number}"
    user = {"id": str(FIRST_ID + 10_000 + number), "username": name, "global_name": name, "discriminator": "0"}
    return user | {"avatar": None, "public_flags": 0, "bot": False}


def _event(name: str, data: dict[str, Any]) -> str:
    return json.dumps({"op": 0, "t": name, "s": 1, "d": data})
