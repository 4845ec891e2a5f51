"""REST: the guild, its members, bans, roles and audit log; users and the application itself."""

from __future__ import annotations

from bot.sandbox import incidents, members
from bot.sandbox.clock import iso
from bot.sandbox.errors import bad_form, problem, unknown
from bot.sandbox.forms import snowflake
from bot.sandbox.gateway import URL, application_flags
from bot.sandbox.permissions import P, guild_permissions, require_in_guild
from bot.sandbox.rest import Call, Route
from bot.sandbox.sessions import Intents
from bot.sandbox.shapes import guild_json, member_json, role_json, user_json
from bot.sandbox.world import Guild, Json


def _guild(call: Call) -> Guild:
    guild = call.world.guild(call.id("guild_id"))
    if call.bot_id not in guild.members:
        raise unknown("Guild")
    return guild


def get_guild(call: Call) -> Json:
    """The guild with its roles."""
    return guild_json(_guild(call))


def my_guilds(call: Call) -> list[Json]:
    """Where the bot is a member."""
    mine = [guild for guild in call.world.guilds.values() if call.bot_id in guild.members]
    return [
        {
            "id": str(each.id),
            "name": each.name,
            "icon": None,
            "owner": False,
            "permissions": str(guild_permissions(each, each.members[call.bot_id])),
            "features": [],
            "approximate_member_count": len(each.members),
        }
        for each in mine
    ]


def roles(call: Call) -> list[Json]:
    """The guild's roles."""
    return [role_json(role) for role in _guild(call).roles.values()]


def get_member(call: Call) -> Json:
    """One member."""
    return member_json(call.world.member(_guild(call).id, call.id("user_id")))


def list_members(call: Call) -> list[Json]:
    """Members by id, from `after` on. Needs the members intent switched on."""
    if not call.world.application.privileged & Intents.MEMBERS:
        raise bad_form({"intents": problem("MISSING_INTENT", "The members intent is not switched on.")})
    limit, after = call.number("limit", 1, least=1, most=1000), snowflake("after", call.query.get("after", "0"))
    guild = _guild(call)
    return [member_json(guild.members[each]) for each in sorted(guild.members) if each > after][:limit]


def search_members(call: Call) -> list[Json]:
    """Members whose name begins with `query`."""
    query, limit = call.query.get("query", "").lower(), call.number("limit", 1, least=1, most=1000)
    found = [each for each in _guild(call).members.values() if each.user.name.lower().startswith(query)]
    return [member_json(each) for each in found[:limit]]


def change_member(call: Call) -> Json:
    """Nick, roles, time-out."""
    user_id = call.bot_id if "user_id" not in call.ids else call.id("user_id")
    guild = _guild(call)
    changed = members.change(
        call.world, guild, actor_id=call.bot_id, user_id=user_id, body=call.form(), reason=call.reason
    )
    return member_json(changed)


def _set_role(call: Call, *, held: bool) -> None:
    members.set_role(
        call.world,
        _guild(call),
        actor_id=call.bot_id,
        user_id=call.id("user_id"),
        role_id=call.id("role_id"),
        held=held,
        reason=call.reason,
    )


def give_role(call: Call) -> None:
    """Give a role."""
    _set_role(call, held=True)


def take_role(call: Call) -> None:
    """Take a role."""
    _set_role(call, held=False)


def kick(call: Call) -> None:
    """Kick a member."""
    members.kick(call.world, _guild(call), actor_id=call.bot_id, user_id=call.id("user_id"), reason=call.reason)


def ban(call: Call) -> None:
    """Ban an account."""
    members.ban(
        call.world,
        _guild(call),
        actor_id=call.bot_id,
        user_id=call.id("user_id"),
        reason=call.reason,
        delete_seconds=int(call.form().get("delete_message_seconds") or 0),
    )


def unban(call: Call) -> None:
    """Lift a ban."""
    members.unban(call.world, _guild(call), actor_id=call.bot_id, user_id=call.id("user_id"), reason=call.reason)


def get_ban(call: Call) -> Json:
    """One ban."""
    guild, user_id = _guild(call), call.id("user_id")
    require_in_guild(guild, call.bot_id, P.BAN_MEMBERS)
    if user_id not in guild.bans:
        raise unknown("Ban")
    return {"reason": guild.bans[user_id], "user": user_json(call.world.user(user_id))}


def list_bans(call: Call) -> list[Json]:
    """All bans."""
    guild = _guild(call)
    require_in_guild(guild, call.bot_id, P.BAN_MEMBERS)
    return [{"reason": reason, "user": user_json(call.world.user(each))} for each, reason in guild.bans.items()]


def audit_log(call: Call) -> Json:
    """Entries, newest first, by `user_id` and `action_type`."""
    guild = _guild(call)
    require_in_guild(guild, call.bot_id, P.VIEW_AUDIT_LOG)
    entries = list(reversed(guild.audit))
    for key in ("user_id", "action_type"):
        if call.query.get(key):
            entries = [each for each in entries if str(each[key]) == call.query[key]]
    if call.query.get("before"):
        entries = [each for each in entries if int(each["id"]) < int(call.query["before"])]
    entries = entries[: call.number("limit", 50, least=1, most=100)]
    named = {int(each[key]) for each in entries for key in ("user_id", "target_id")} & set(call.world.users)
    empty = ("threads", "webhooks", "integrations", "application_commands", "guild_scheduled_events")
    return {
        "audit_log_entries": entries,
        "users": [user_json(call.world.users[each]) for each in sorted(named)],
        "auto_moderation_rules": [],
        **{key: [] for key in empty},
    }


def incident_actions(call: Call) -> Json:
    """Pause invites or direct messages, or let them go on."""
    return incidents.change(call.world, _guild(call), actor_id=call.bot_id, body=call.form())


def automod_rules(call: Call) -> list[Json]:
    """AutoMod's rules: this server has none."""
    require_in_guild(_guild(call), call.bot_id, P.MANAGE_GUILD)
    return []


def me(call: Call) -> Json:
    """The bot's own account."""
    return {**user_json(call.world.user(call.bot_id)), "verified": True, "mfa_enabled": True, "locale": "en-US"}


def get_user(call: Call) -> Json:
    """Any account."""
    return user_json(call.world.user(call.id("user_id")))


def application(call: Call) -> Json:
    """The bot's registration."""
    app = call.world.application
    owner = next(iter(call.world.guilds.values())).owner_id
    return {
        "id": str(app.id),
        "name": app.name,
        "icon": None,
        "description": "",
        "summary": "",
        "bot_public": True,
        "bot_require_code_grant": False,
        "verify_key": "0" * 64,
        "flags": application_flags(call.world),
        "owner": user_json(call.world.user(owner)),
        "team": None,
        "bot": user_json(call.world.user(app.bot_id)),
        "approximate_guild_count": len(call.world.guilds),
        "hook": True,
        "redirect_uris": [],
        "interactions_endpoint_url": None,
        "role_connections_verification_url": None,
    }


def gateway_bot(call: Call) -> Json:
    """Where to connect."""
    limit = {"total": 1000, "remaining": 1000, "reset_after": 0, "max_concurrency": 1}
    return {"url": URL, "shards": 1, "session_start_limit": limit, "at": iso(call.world.clock.now())}


ROUTES: tuple[Route, ...] = (
    ("GET", "/gateway", gateway_bot),
    ("GET", "/gateway/bot", gateway_bot),
    ("GET", "/users/@me", me),
    ("GET", "/users/@me/guilds", my_guilds),
    ("GET", "/users/{user_id}", get_user),
    ("GET", "/applications/@me", application),
    ("GET", "/oauth2/applications/@me", application),
    ("GET", "/guilds/{guild_id}", get_guild),
    ("GET", "/guilds/{guild_id}/roles", roles),
    ("GET", "/guilds/{guild_id}/members", list_members),
    ("GET", "/guilds/{guild_id}/members/search", search_members),
    ("PATCH", "/guilds/{guild_id}/members/@me", change_member),
    ("GET", "/guilds/{guild_id}/members/{user_id}", get_member),
    ("PATCH", "/guilds/{guild_id}/members/{user_id}", change_member),
    ("DELETE", "/guilds/{guild_id}/members/{user_id}", kick),
    ("PUT", "/guilds/{guild_id}/members/{user_id}/roles/{role_id}", give_role),
    ("DELETE", "/guilds/{guild_id}/members/{user_id}/roles/{role_id}", take_role),
    ("GET", "/guilds/{guild_id}/bans", list_bans),
    ("GET", "/guilds/{guild_id}/bans/{user_id}", get_ban),
    ("PUT", "/guilds/{guild_id}/bans/{user_id}", ban),
    ("DELETE", "/guilds/{guild_id}/bans/{user_id}", unban),
    ("GET", "/guilds/{guild_id}/audit-logs", audit_log),
    ("PUT", "/guilds/{guild_id}/incident-actions", incident_actions),
    ("GET", "/guilds/{guild_id}/auto-moderation/rules", automod_rules),
)
