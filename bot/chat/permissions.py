"""One table: which feature needs which Discord permission, of the bot and of the person who asks.

The invite link, `/candor setup`, `/candor doctor` and every refusal follow from it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import discord

from bot.chat import deed_texts, group_texts, texts
from bot.core.cases import Case
from bot.core.policy import Action
from bot.errors import NotAllowed

Feature = Literal[
    "read", "post_cards", "review", "warn", "timeout", "delete", "ban", "report", "why", "check", "pause", "administer",
    "appeal", "quote", "quote_in_thread", "pictures", "make_channel", "see_automod",
    "reset_nickname", "kick", "put_back_as_member",
    "raid", "slow_mode", "slow_mode_in_thread", "pause_invites",
    "publish", "publish_in_thread", "learn", "teach", "privacy",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Needs:
    """Names of Discord permissions (attributes of `discord.Permissions`): of the bot, and of the person who asks.

    `invited`: the invite link asks for the bot's; the others are granted by a server that wants the feature.
    `outside`: it works in direct messages, too.
    """

    bot: tuple[str, ...] = ()
    person: tuple[str, ...] = ()
    invited: bool = True
    outside: bool = False


NEEDS: dict[Feature, Needs] = {
    "read": Needs(bot=("view_channel", "read_message_history")),
    "post_cards": Needs(bot=("view_channel", "send_messages")),
    "review": Needs(person=("moderate_members",)),
    "warn": Needs(person=("moderate_members",)),
    "timeout": Needs(bot=("moderate_members",), person=("moderate_members",)),
    "delete": Needs(bot=("view_channel", "manage_messages"), person=("manage_messages",)),
    "ban": Needs(bot=("ban_members",), person=("ban_members",), invited=False),
    "kick": Needs(bot=("kick_members",), person=("kick_members",), invited=False),
    "report": Needs(),
    "privacy": Needs(),
    "why": Needs(person=("moderate_members",)),
    "check": Needs(person=("moderate_members",)),
    "pause": Needs(person=("moderate_members",)),
    "administer": Needs(person=("manage_guild",)),
    "learn": Needs(person=("manage_guild",)),
    "teach": Needs(person=("moderate_members",)),
    "appeal": Needs(outside=True),
    "quote": Needs(bot=("view_channel", "send_messages")),
    "quote_in_thread": Needs(bot=("view_channel", "send_messages_in_threads"), invited=False),
    "pictures": Needs(bot=("view_channel", "embed_links", "attach_files")),
    "make_channel": Needs(bot=("manage_channels",), invited=False),
    "see_automod": Needs(bot=("manage_guild",), invited=False),
    "put_back_as_member": Needs(bot=("view_channel", "manage_webhooks"), invited=False),
    "reset_nickname": Needs(bot=("manage_nicknames",), person=("manage_nicknames",), invited=False),
    # A raid's card may be pressed by anybody who sees it; each of its buttons asks for its own.
    "raid": Needs(),
    "slow_mode": Needs(bot=("view_channel", "manage_channels"), person=("manage_channels",), invited=False),
    "slow_mode_in_thread": Needs(bot=("view_channel", "manage_threads"), person=("manage_threads",), invited=False),
    "pause_invites": Needs(bot=("manage_guild",), person=("manage_guild",), invited=False),
    "publish": Needs(bot=("view_channel", "send_messages", "attach_files"), person=("send_messages", "attach_files")),
    "publish_in_thread": Needs(
        bot=("view_channel", "send_messages_in_threads", "attach_files"),
        person=("send_messages_in_threads", "attach_files"),
        invited=False,
    ),
}

TITLES: dict[str, str] = {
    "view_channel": "View Channel",
    "send_messages": "Send Messages",
    "embed_links": "Embed Links",
    "attach_files": "Attach Files",
    "send_messages_in_threads": "Send Messages in Threads",
    "read_message_history": "Read Message History",
    "manage_messages": "Manage Messages",
    "moderate_members": "Moderate Members",
    "ban_members": "Ban Members",
    "kick_members": "Kick Members",
    "manage_guild": "Manage Server",
    "manage_channels": "Manage Channels",
    "manage_nicknames": "Manage Nicknames",
    "manage_webhooks": "Manage Webhooks",
    "manage_threads": "Manage Threads",
}
"""Permissions as Discord's settings call them (Moderate Members is shown there as "Timeout members")."""


def titles(names: Iterable[str]) -> str:
    """The permissions' names for a sentence."""
    return ", ".join(TITLES[name] for name in names)


def missing(held: discord.Permissions, names: Iterable[str]) -> tuple[str, ...]:
    """Those of `names` that `held` lacks. An administrator lacks none."""
    return () if held.administrator else tuple(name for name in names if not getattr(held, name))


def missing_for_bot(channel: discord.abc.GuildChannel | discord.Thread, feature: Feature) -> tuple[str, ...]:
    """What the bot lacks for `feature` in `channel`."""
    return missing(channel.permissions_for(channel.guild.me), NEEDS[feature].bot)


def require(held: discord.Permissions, feature: Feature) -> None:
    """Raises NotAllowed, naming what the person lacks for `feature`."""
    lacking = missing(held, NEEDS[feature].person)
    if lacking:
        raise NotAllowed(texts.YOU_NEED.format(permissions=titles(lacking)))


def require_undo(member: discord.Member, channel_id: int, actions: Iterable[Action]) -> None:
    """Raises NotAllowed unless `member` personally holds what taking back `actions` in that channel needs."""
    channel = member.guild.get_channel_or_thread(channel_id)
    held = member.guild_permissions if channel is None else channel.permissions_for(member)
    for action in actions:
        lacking = missing(held, NEEDS[action.kind].person)
        if lacking:
            raise NotAllowed(
                texts.UNDO_NEEDS.format(action=deed_texts.ACTION_NOUNS[action.kind], missing=titles(lacking))
            )


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why somebody may not act on a case: as the sentence for that person, and in a few words among others."""

    sentence: str
    short: str


def obstacle(moderator: discord.Member, case: Case, action: Action, target: discord.Member | None) -> Obstacle | None:
    """What keeps `moderator` from doing `action`: a permission not held personally where the case is, or whom it hits.

    None if nothing does. `target` is None for somebody who is no member: an author who left, or a webhook.
    """
    channel = moderator.guild.get_channel_or_thread(case.channel_id)
    held = moderator.guild_permissions
    if channel is not None and action.kind == "delete":
        held = channel.permissions_for(moderator)
    lacking = missing(held, NEEDS[action.kind].person)
    if lacking:
        needed = titles(lacking)
        short = group_texts.YOU_LACK.format(permissions=needed, channel_id=case.channel_id)
        return Obstacle(texts.YOU_NEED.format(permissions=needed), short)
    owner_id = moderator.guild.owner_id
    if target is not None and target.id == owner_id:
        return Obstacle(texts.TARGET_OWNER, group_texts.OWNER)
    if target is not None and moderator.id != owner_id and target.top_role >= moderator.top_role:
        return Obstacle(texts.TARGET_ABOVE, group_texts.ABOVE)
    return None


def invite_permissions() -> discord.Permissions:
    """Exactly what the features that every server has need of the bot, together."""
    return discord.Permissions(**{name: True for needs in NEEDS.values() if needs.invited for name in needs.bot})


def invite_url(application_id: int) -> str:
    """The link that adds the bot to a server with these permissions and its commands."""
    return discord.utils.oauth_url(
        application_id, permissions=invite_permissions(), scopes=("bot", "applications.commands")
    )
