"""What Discord sends a bot: one server with its people, and every kind of event that a message comes in or about."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import Any

from tests.fuzz.inputs import text

DISCORD_EPOCH = 1_420_070_400_000
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
"""Always the same, so that the same number of an input makes the same input."""
FIRST = 10**17
GUILD, OTHER_GUILD, OWNER = FIRST + 1, FIRST + 2, FIRST + 50
GENERAL, REVIEW, LOG, FORUM, THREAD, POST, ELSEWHERE = (FIRST + 10 + number for number in range(7))
MODS, ADMINS, BOTS = FIRST + 30, FIRST + 31, FIRST + 32
ME, KAI, LENA, ADA, WEBHOOK, PRIYA, EVE = (FIRST + 40 + number for number in range(7))
PEOPLE = {KAI: [], PRIYA: [], LENA: [MODS], ADA: [ADMINS], ME: [BOTS]}
NAMES = {ME: "Candor", KAI: "Kai", LENA: "Lena", ADA: "Ada", WEBHOOK: "hook", PRIYA: "Priya", EVE: "Eve"}
MODERATES = 1 << 40 | 1 << 13
EVERYTHING = 1 << 3
READ_WRITE = 1 << 10 | 1 << 11 | 1 << 16 | 1 << 15 | 1 << 14
LONG_AGO = "2021-03-01T12:00:00+00:00"


def snowflake(number: int) -> int:
    """An id of `NOW`; `number` tells those of one moment apart."""
    return (int(NOW.timestamp() * 1000) - DISCORD_EPOCH << 22) + number % (1 << 22)


def user(user_id: int) -> dict[str, Any]:
    """Somebody."""
    name = NAMES.get(user_id, "somebody")
    bare = {"id": str(user_id), "username": name.lower(), "global_name": name, "discriminator": "0", "avatar": None}
    return bare | {"public_flags": 0, "bot": user_id == ME}


def member(user_id: int, *, whole: bool = True) -> dict[str, Any]:
    """Somebody on the server."""
    roles = [str(role) for role in PEOPLE.get(user_id, [])]
    held = {"roles": roles, "joined_at": LONG_AGO, "deaf": False, "mute": False, "flags": 0, "nick": None}
    return held | ({"user": user(user_id)} if whole else {}) | {"premium_since": None, "avatar": None, "pending": False}


def ready() -> dict[str, Any]:
    """The first event of a connection."""
    data = {"v": 10, "user": user(ME), "guilds": [{"id": str(GUILD), "unavailable": True}], "session_id": "s"}
    return data | {"application": {"id": str(ME), "flags": 0}, "resume_gateway_url": "wss://gateway.invalid"}


def role(role_id: int, name: str, permissions: int, position: int) -> dict[str, Any]:
    """A role."""
    held = {"id": str(role_id), "name": name, "permissions": str(permissions), "position": position, "color": 0}
    return held | {"hoist": False, "managed": False, "mentionable": False, "flags": 0, "colors": {"primary_color": 0}}


def channel(channel_id: int, kind: int, name: str, *, hidden: bool = False) -> dict[str, Any]:
    """A channel of the server; hidden ones are for moderators."""
    rows = [{"id": str(GUILD), "type": 0, "allow": "0", "deny": str(1 << 10)}]
    rows += [{"id": str(each), "type": 0, "allow": str(READ_WRITE), "deny": "0"} for each in (MODS, ADMINS, BOTS)]
    data = {"id": str(channel_id), "type": kind, "name": name, "position": 0, "guild_id": str(GUILD), "topic": None}
    data |= {"permission_overwrites": rows if hidden else [], "parent_id": None, "nsfw": False}
    return data | {"rate_limit_per_user": 0, "available_tags": [], "flags": 0, "bitrate": 64000, "user_limit": 0}


def thread(thread_id: int, parent_id: int, name: str) -> dict[str, Any]:
    """An open thread of Kai's."""
    meta = {"archived": False, "locked": False, "auto_archive_duration": 1440, "archive_timestamp": LONG_AGO}
    data = {"id": str(thread_id), "type": 11, "name": name, "parent_id": str(parent_id), "owner_id": str(KAI)}
    data |= {"guild_id": str(GUILD), "thread_metadata": meta, "message_count": 1, "member_count": 1}
    return data | {"rate_limit_per_user": 0, "flags": 0, "total_message_sent": 1, "last_message_id": None}


def guild() -> dict[str, Any]:
    """The event that brings the server."""
    roles = [role(GUILD, "@everyone", READ_WRITE, 0), role(MODS, "Mods", MODERATES, 1)]
    roles += [role(ADMINS, "Admins", MODERATES | 1 << 5, 2), role(BOTS, "Candor", EVERYTHING, 3)]
    channels = [channel(GENERAL, 0, "general"), channel(REVIEW, 0, "mod-review", hidden=True)]
    channels += [channel(LOG, 0, "mod-log", hidden=True), channel(FORUM, 15, "questions")]
    threads = [thread(THREAD, GENERAL, "co-op"), thread(POST, FORUM, "how do I")]
    data = {"id": str(GUILD), "name": "Harbour", "owner_id": str(OWNER), "member_count": 5, "roles": roles}
    data |= {"channels": channels, "threads": threads, "members": [member(each) for each in PEOPLE]}
    data |= {"emojis": [], "stickers": [], "features": [], "presences": [], "voice_states": [], "unavailable": False}
    data |= {"verification_level": 1, "default_message_notifications": 0, "explicit_content_filter": 0, "mfa_level": 0}
    data |= {"nsfw_level": 0, "preferred_locale": "en-US", "afk_timeout": 300, "premium_tier": 0, "icon": None}
    data |= {"joined_at": LONG_AGO, "large": False, "stage_instances": [], "guild_scheduled_events": []}
    return data | {"system_channel_flags": 0, "premium_progress_bar_enabled": False, "afk_channel_id": None}


def other_guild() -> dict[str, Any]:
    """Another server, Eve's, on which the bot is, too."""
    data = guild() | {"id": str(OTHER_GUILD), "name": "Elsewhere", "owner_id": str(EVE), "threads": []}
    data["roles"] = [role(OTHER_GUILD, "@everyone", EVERYTHING, 0)]
    data["channels"] = [channel(ELSEWHERE, 0, "elsewhere") | {"guild_id": str(OTHER_GUILD)}]
    return data | {"members": [member(each) | {"roles": []} for each in (EVE, ME)]}


def message(message_id: int, content: str, *, author: int = KAI, place: int = GENERAL) -> dict[str, Any]:
    """A message as it was just posted."""
    data = {"id": str(message_id), "channel_id": str(place), "guild_id": str(GUILD), "type": 0, "content": content}
    data |= {"author": user(author), "member": member(author, whole=False), "tts": False, "pinned": False}
    data |= {"timestamp": NOW.isoformat(), "edited_timestamp": None, "mention_everyone": False}
    data |= {"mentions": [], "mention_roles": [], "attachments": [], "embeds": [], "nonce": "1", "flags": 0}
    return data | {"components": [], "channel_type": 0}


def event(chance: random.Random, number: int) -> tuple[str, dict[str, Any]]:
    """An event of the gateway with hostile texts and everything else as Discord has it: its name and its data."""
    said, message_id = text(chance), snowflake(number)
    posted = message(message_id, said, place=chance.choice((GENERAL, GENERAL, THREAD, POST)))
    kind = chance.choice(_KINDS)
    if kind == "MESSAGE_DELETE":
        return kind, {"id": str(message_id), "channel_id": str(GENERAL), "guild_id": str(GUILD)}
    if kind == "MESSAGE_DELETE_BULK":
        return kind, {"ids": [str(message_id), "1"], "channel_id": str(GENERAL), "guild_id": str(GUILD)}
    if kind in ("THREAD_CREATE", "THREAD_UPDATE"):
        return kind, thread(chance.choice((THREAD, message_id)), GENERAL, said[:100] or "x")
    if kind in ("CHANNEL_UPDATE", "CHANNEL_CREATE"):
        return kind, channel(chance.choice((GENERAL, message_id)), chance.choice((0, 2, 5, 13, 15, 99)), said[:100])
    if kind == "GUILD_ROLE_UPDATE":
        return kind, {"guild_id": str(GUILD), "role": role(MODS, said[:100], MODERATES, 1)}
    if kind == "GUILD_MEMBER_UPDATE":
        return kind, member(KAI) | {"guild_id": str(GUILD), "nick": said[:32]}
    if kind == "MESSAGE_UPDATE":
        posted["edited_timestamp"] = NOW.isoformat()
    return kind, _with_more(chance, posted, message_id)


_KINDS = ("MESSAGE_CREATE",) * 12 + ("MESSAGE_UPDATE",) * 4 + (
    "MESSAGE_DELETE", "MESSAGE_DELETE_BULK", "THREAD_CREATE", "THREAD_UPDATE", "CHANNEL_UPDATE", "CHANNEL_CREATE",
    "GUILD_ROLE_UPDATE", "GUILD_MEMBER_UPDATE",
)  # fmt: skip


def _with_more(chance: random.Random, posted: dict[str, Any], message_id: int) -> dict[str, Any]:
    """The message with what else a message may carry."""
    for add in chance.sample(_MORE, chance.choice((0, 0, 0, 1, 1, 2))):
        add(chance, posted, message_id)
    return posted


def _reply(chance: random.Random, posted: dict[str, Any], message_id: int) -> None:
    posted["type"] = 19
    posted["message_reference"] = {
        "message_id": str(message_id - 1),
        "channel_id": str(GENERAL),
        "guild_id": str(GUILD),
    }
    posted["referenced_message"] = chance.choice((None, message(message_id - 1, text(chance), author=LENA)))


def _forward(chance: random.Random, posted: dict[str, Any], message_id: int) -> None:
    inner = {"type": 0, "content": text(chance), "embeds": [_embed(chance)], "attachments": [], "mentions": []}
    inner |= {"timestamp": LONG_AGO, "edited_timestamp": None, "flags": 0, "mention_roles": [], "components": []}
    posted["message_reference"] = {"type": 1, "message_id": "5", "channel_id": "6", "guild_id": "7"}
    posted["message_snapshots"] = [{"message": inner}] * chance.choice((1, 1, 3))


def _poll(chance: random.Random, posted: dict[str, Any], message_id: int) -> None:
    answers = [{"answer_id": number, "poll_media": {"text": text(chance)[:55]}} for number in (1, 2)]
    posted["poll"] = {"question": {"text": text(chance)[:300]}, "answers": answers, "expiry": LONG_AGO}
    posted["poll"] |= {
        "allow_multiselect": False,
        "layout_type": 1,
        "results": {"is_finalized": False, "answer_counts": []},
    }


def _embeds(chance: random.Random, posted: dict[str, Any], message_id: int) -> None:
    posted["embeds"] = [_embed(chance) for _ in range(chance.randrange(1, 4))]


def _embed(chance: random.Random) -> dict[str, Any]:
    found = {"type": chance.choice(("rich", "rich", "article", "image", "poll_result")), "title": text(chance)[:256]}
    found |= {"description": text(chance), "fields": [{"name": "n", "value": text(chance)[:1024], "inline": False}]}
    found |= {"author": {"name": "a"}, "footer": {"text": text(chance)[:99]}, "color": 1, "timestamp": LONG_AGO}
    return found | ({"url": "https://a.b"} if chance.random() < 0.3 else {})


def _webhook(chance: random.Random, posted: dict[str, Any], message_id: int) -> None:
    posted["webhook_id"] = str(WEBHOOK)
    posted["application_id"] = chance.choice((None, str(ME), "5"))
    posted["author"] = user(WEBHOOK) | {"username": text(chance)[:80]}
    posted.pop("member")


def _named(chance: random.Random, posted: dict[str, Any], message_id: int) -> None:
    posted["member"] = member(KAI, whole=False) | {"nick": text(chance)[:32]}
    posted["author"] = user(KAI) | {"global_name": text(chance)[:32]}


def _things(chance: random.Random, posted: dict[str, Any], message_id: int) -> None:
    posted["attachments"] = [
        {"id": "1", "filename": "a.png", "size": 5, "url": "https://a.b/c", "proxy_url": "https://a.b/c"}
    ]
    posted["sticker_items"] = [{"id": "1", "name": text(chance)[:30], "format_type": 1}]
    posted["mentions"] = [user(LENA) | {"member": member(LENA, whole=False)}]
    posted["reactions"] = [{"count": 1, "emoji": {"id": None, "name": "x"}, "me": False, "count_details": {}}]


def _odd(chance: random.Random, posted: dict[str, Any], message_id: int) -> None:
    posted["type"] = chance.choice((1, 7, 8, 18, 20, 21, 23, 24, 46, 99))
    posted["interaction_metadata"] = {"id": "1", "type": 2, "user": user(LENA), "authorizing_integration_owners": {}}


_MORE = (_reply, _forward, _poll, _embeds, _webhook, _named, _things, _odd)
