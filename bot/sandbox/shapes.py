"""How Discord's JSON shows users, roles, members, channels and guilds."""

from __future__ import annotations

from bot.sandbox.clock import iso
from bot.sandbox.permissions import channel_permissions, guild_permissions
from bot.sandbox.world import CATEGORY, DM, FORUM, Channel, Guild, Json, Member, Role, User, World


def user_json(user: User) -> Json:
    """A user object."""
    return {
        "id": str(user.id),
        "username": user.name.lower(),
        "global_name": user.name,
        "discriminator": "0",
        "avatar": None,
        "bot": user.bot,
        "system": False,
        "public_flags": 0,
        "flags": 0,
    }


def role_json(role: Role) -> Json:
    """A role object."""
    return {
        "id": str(role.id),
        "name": role.name,
        "color": role.color,
        "colors": {"primary_color": role.color, "secondary_color": None, "tertiary_color": None},
        "hoist": role.hoist,
        "position": role.position,
        "permissions": str(int(role.permissions)),
        "managed": role.managed,
        "mentionable": role.mentionable,
        "icon": None,
        "unicode_emoji": None,
        "flags": 0,
    }


def member_json(member: Member, *, with_user: bool = True) -> Json:
    """A guild member object; messages and resolved options carry it without its user."""
    shape: Json = {
        "nick": member.nick,
        "avatar": None,
        "banner": None,
        "roles": [str(role_id) for role_id in member.role_ids],
        "joined_at": iso(member.joined_at),
        "premium_since": None,
        "deaf": False,
        "mute": False,
        "flags": 0,
        "pending": False,
        "communication_disabled_until": iso(member.timeout_until),
    }
    if with_user:
        shape["user"] = user_json(member.user)
    return shape


def member_event_json(guild: Guild, member: Member) -> Json:
    """A member as gateway events and the page carry it."""
    return {**member_json(member), "guild_id": str(guild.id)}


def page_member_json(guild: Guild, member: Member) -> Json:
    """A member as the page lists it: `permissions` are the guild's, as a decimal string."""
    roles = sorted((guild.roles[role_id] for role_id in member.role_ids), key=lambda role: -role.position)
    return {
        "id": str(member.user.id),
        "name": member.nick or member.user.name,
        "roles": [role.name for role in roles],
        "color": next((role.color for role in roles if role.color), 0),
        "bot": member.user.bot,
        "permissions": str(guild_permissions(guild, member)),
        "communication_disabled_until": iso(member.timeout_until),
    }


def channel_json(world: World, channel: Channel) -> Json:
    """A channel object of its type."""
    shape: Json = {
        "id": str(channel.id),
        "type": channel.type,
        "flags": 0,
        "last_message_id": None if channel.last_message_id is None else str(channel.last_message_id),
    }
    if channel.type == DM:
        others = [each for each in channel.recipients if each != world.application.bot_id]
        return {**shape, "recipients": [user_json(world.user(each)) for each in others]}
    shape |= {
        "guild_id": str(channel.guild_id),
        "name": channel.name,
        "parent_id": None if channel.parent_id is None else str(channel.parent_id),
        "rate_limit_per_user": channel.slowmode_seconds,
    }
    if channel.is_thread:
        return shape | _thread_json(channel)
    shape |= {
        "position": channel.position,
        "nsfw": channel.nsfw,
        "permission_overwrites": [
            {"id": str(each.id), "type": each.type, "allow": str(each.allow), "deny": str(each.deny)}
            for each in channel.overwrites.values()
        ],
    }
    if channel.type != CATEGORY:
        shape["topic"] = channel.topic
    if channel.type == FORUM:
        shape |= {"available_tags": [], "default_reaction_emoji": None, "default_sort_order": None}
        shape |= {"default_forum_layout": 0}
    return shape


def page_channel_json(world: World, channel: Channel) -> Json:
    """A channel as the page lists it: direct conversations name both sides in `recipient_ids`."""
    shape = channel_json(world, channel)
    return shape | ({"recipient_ids": [str(each) for each in channel.recipients]} if channel.type == DM else {})


def _thread_json(channel: Channel) -> Json:
    info = channel.thread
    assert info is not None, "a thread has its ThreadInfo"
    return {
        "owner_id": str(info.owner_id),
        "message_count": len(channel.messages),
        "total_message_sent": len(channel.messages),
        "member_count": 1,
        "applied_tags": [],
        "thread_metadata": {
            "archived": info.archived,
            "locked": info.locked,
            "auto_archive_duration": info.auto_archive_minutes,
            "archive_timestamp": iso(info.archived_at or info.created_at),
            "create_timestamp": iso(info.created_at),
        },
    }


def interaction_channel_json(world: World, channel: Channel, user_id: int) -> Json:
    """The partial channel of an interaction, with the user's permissions in it."""
    return {**channel_json(world, channel), "permissions": str(channel_permissions(world, channel, user_id))}


def guild_json(guild: Guild) -> Json:
    """A guild object as REST gives it, without what only GUILD_CREATE has."""
    return {
        "id": str(guild.id),
        "name": guild.name,
        "owner_id": str(guild.owner_id),
        "icon": None,
        "splash": None,
        "discovery_splash": None,
        "banner": None,
        "description": None,
        "features": [],
        "emojis": [],
        "stickers": [],
        "roles": [role_json(role) for role in guild.roles.values()],
        "afk_channel_id": None,
        "afk_timeout": 300,
        "system_channel_id": None,
        "system_channel_flags": 0,
        "rules_channel_id": None,
        "public_updates_channel_id": None,
        "safety_alerts_channel_id": None,
        "verification_level": 1,
        "default_message_notifications": 1,
        "explicit_content_filter": 2,
        "mfa_level": 0,
        "nsfw_level": 0,
        "premium_tier": 0,
        "premium_subscription_count": 0,
        "premium_progress_bar_enabled": False,
        "preferred_locale": "en-US",
        "vanity_url_code": None,
        "max_members": 500000,
        "approximate_member_count": len(guild.members),
        "approximate_presence_count": 1,
        "incidents_data": incidents_json(guild),
    }


def incidents_json(guild: Guild) -> Json | None:
    """The guild's incident actions; None where none was ever taken."""
    if guild.invites_disabled_until is None and guild.dms_disabled_until is None:
        return None
    return {
        "invites_disabled_until": iso(guild.invites_disabled_until),
        "dms_disabled_until": iso(guild.dms_disabled_until),
        "dm_spam_detected_at": None,
        "raid_detected_at": None,
    }


def guild_create_json(world: World, guild: Guild, *, all_members: bool) -> Json:
    """GUILD_CREATE: with the presences intent every member, without it only the bot's own."""
    me = guild.members[world.application.bot_id]
    members = list(guild.members.values()) if all_members else [me]
    return {
        **guild_json(guild),
        "joined_at": iso(me.joined_at),
        "large": len(guild.members) > 250,
        "unavailable": False,
        "member_count": len(guild.members),
        "members": [member_json(member) for member in members],
        "channels": [channel_json(world, each) for each in world.channels_of(guild.id, threads=False)],
        "threads": [
            channel_json(world, each)
            for each in world.channels_of(guild.id, threads=True)
            if each.thread is not None and not each.thread.archived
        ],
        "presences": [],
        "voice_states": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
    }
