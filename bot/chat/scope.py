"""Which channels are read, decided by Discord's own objects: by default those that @everyone can read.

Left alone by default are channels whose name says that they are for staff, tickets, logs or bot commands, and those
marked as age-restricted; a thread follows its channel, whatever it is called, as members name threads. In a channel
for venting only cries for help and threats count. Names are read in the spellings that servers use: emoji and dividers
in front, fancy letters, words joined or with numbers ("🔧┃mod-chat", "ᴠᴇɴᴛ", "ticket-0042"). A name that could also be
an ordinary topic ("mods" of a game, "change-log") stands for nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import discord

from bot.chat.setup_texts import SCOPE_LISTED, SCOPE_MORE, SCOPE_NONE, SCOPE_WHY
from bot.core.guild_rules import GuildRules

LeftAlone = Literal["hidden", "staff", "ticket", "log", "bot", "nsfw"]
Why = LeftAlone | Literal["cards", "exempt", "vent", "read"]

MOST_NAMED = {"read": 15, "vent": 5}
MOST_OTHERS = 4
"""Channels named in one line of the list: with all lines full it still fits one message."""

_SMALL_CAPITALS = str.maketrans("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘꞯʀꜱᴛᴜᴠᴡʏᴢ", "abcdefghijklmnopqrstuvwyz")
_PIECE = re.compile(r"[^\W\d_]+|\d+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


_STAFF = _words(
    "staff admin admins administrator administrators administration moderator moderators moderation modchat modtalk "
    "modteam staffchat adminchat"
)
_STAFF_PLACES = _words(
    "chat chats talk only room lounge team review queue discussion discussions corner office hq meeting meetings notes "
    "actions tools"
)
_TICKET = _words("ticket tickets modmail modmails")
_LOGGED = _words(
    "mod mods moderation audit message messages msg join joins leave leaves server bot bots voice ban bans member "
    "members user users role roles action actions automod ticket tickets security staff admin invite invites edit "
    "edits delete deletes deleted nickname channel event command raid the"
)
_JOINED_LOG = re.compile(rf"(?:{'|'.join(sorted(_LOGGED))})logs?")
_BOT_ALONE = _words("bot bots command commands cmd cmds botspam botcommands botcmds botcommand botchannel")
_BOT_PLACES = _words("command commands cmd cmds spam stuff usage room zone chat channel test testing")
_VENT = _words("vent vents venting ventchat ventroom ventspace")


@dataclass(frozen=True, slots=True)
class Scope:
    """What a new guild does with a channel: `left_alone` says why it is not read, None where it is.

    `vent`: a place for bad days, in which only cries for help and threats count.
    """

    left_alone: LeftAlone | None = None
    vent: bool = False


def default_scope(channel: object) -> Scope:
    """The scope of a channel or thread. What cannot be looked up (a thread without its channel) is left alone."""
    if isinstance(channel, discord.Thread):
        if channel.is_private() or channel.parent is None:
            return Scope("hidden")
        return default_scope(channel.parent)
    if not isinstance(channel, discord.abc.GuildChannel):
        return Scope("hidden")
    if not channel.permissions_for(channel.guild.default_role).view_channel:
        return Scope("hidden")
    return Scope("nsfw") if getattr(channel, "nsfw", False) else scope_by_name(channel.name)


def scope_by_name(name: str) -> Scope:
    """What the channel's name alone says."""
    pieces = pieces_of(name)
    return Scope("nsfw") if "nsfw" in pieces else Scope(_named(pieces), vent=bool(_VENT & set(pieces)))


def pieces_of(name: str) -> tuple[str, ...]:
    """The words of a channel's name, in plain small letters; numbers are words of their own."""
    plain = unicodedata.normalize("NFKC", _CAMEL.sub(" ", name.translate(_SMALL_CAPITALS)))
    return tuple(_PIECE.findall(plain.casefold()))


def _named(pieces: Sequence[str]) -> LeftAlone | None:
    words = [piece for piece in pieces if not piece.isdigit()]
    # A ticket that was closed is called "closed-0042" by the usual ticket bots.
    if _TICKET & set(words) or (words == ["closed"] and len(pieces) > 1):
        return "ticket"
    if _is_log(words):
        return "log"
    pairs = list(pairwise(words))
    if _STAFF & set(words) or any(one in {"mod", "mods"} and other in _STAFF_PLACES for one, other in pairs):
        return "staff"
    alone = len(words) == 1 and words[0] in _BOT_ALONE
    together = any(one in {"bot", "bots"} and other in _BOT_PLACES for one, other in pairs)
    return "bot" if alone or together else None


def _is_log(words: Sequence[str]) -> bool:
    logs = [word for word in words if word in {"log", "logs", "logging"}]
    if logs and all(word in logs or word in _LOGGED for word in words):
        return True
    return any(_JOINED_LOG.fullmatch(word) for word in words)


def why_of(channel: discord.abc.GuildChannel, rules: GuildRules) -> Why:
    """What happens to the messages of a channel with the guild's own choices: read, read for help only, or why not.

    The same order as `GuildRules.exempts`.
    """
    places = {channel.id, *([channel.category_id] if channel.category_id else [])}
    if {rules.review_channel_id, rules.log_channel_id, rules.admin_channel_id} & places:
        return "cards"
    if rules.exempt_channel_ids & places:
        return "exempt"
    if rules.included_channel_ids & places:
        return "read"
    scope = default_scope(channel)
    return scope.left_alone or ("vent" if scope.vent else "read")


def scope_text(guild: discord.Guild, rules: GuildRules) -> str:
    """What is read on the server and what is not, and why, for `/candor scope` and the setup."""
    found: dict[Why, list[str]] = {}
    for channel in guild.channels:
        if not isinstance(channel, discord.CategoryChannel):
            found.setdefault(why_of(channel, rules), []).append(channel.mention)
    lines = [] if "read" in found else [SCOPE_NONE]
    lines += [
        SCOPE_LISTED.format(why=sentence, count=len(found[why]), channels=_some(found[why], why))
        for why, sentence in SCOPE_WHY.items()
        if why in found
    ]
    roles = [f"<@&{role_id}>" for role_id in sorted(rules.exempt_role_ids | rules.reviewer_role_ids)]
    if roles:
        sentence = SCOPE_WHY["roles"]
        lines.append(SCOPE_LISTED.format(why=sentence, count=len(roles), channels=_some(roles, "roles")))
    return "\n".join(lines)


def _some(mentions: Sequence[str], why: str) -> str:
    most = MOST_NAMED.get(why, MOST_OTHERS)
    shown = ", ".join(mentions[:most])
    return shown if len(mentions) <= most else shown + SCOPE_MORE.format(count=len(mentions) - most)
