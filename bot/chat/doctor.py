"""What stands in the bot's way on Discord, as findings: one sentence each, with the fix."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

import discord

from bot.chat import alarm_texts, permissions, setup_texts, texts
from bot.chat.messages import UNANSWERED, channel_of
from bot.chat.staff import admin_channel_finding
from bot.chat.stand_in import stand_in
from bot.core.findings import Finding
from bot.core.guild_rules import GuildRules

if TYPE_CHECKING:
    import aiohttp

    from bot.config import Settings

TEXT_LIMIT = 1900


async def inspect_guild(guild: discord.Guild, rules: GuildRules, *, me: discord.Member | None = None) -> list[Finding]:
    """The bot's permissions per channel, the review channel, the order of roles, and the mode, for one server.

    `me` is the bot's own member where the server was fetched over REST. Raises what discord.py raises.
    """
    me = me or guild.me
    channels = guild.channels or await guild.fetch_channels()
    return [
        *_channels(channels, me),
        await _review_channel(guild, me, rules),
        await _log_channel(guild, me, rules),
        await admin_channel_finding(guild, me, rules),
        _ping_role(guild, me, rules),
        _timeouts(guild, me),
        _extras(me),
        _mode(rules),
    ]


async def inspect_login(
    settings: Settings,
    *,
    connector: aiohttp.BaseConnector | None = None,
    rules_of: Callable[[int], Awaitable[GuildRules]] | None = None,
    more_of: Callable[[int], Awaitable[Sequence[Finding]]] | None = None,
) -> list[Finding]:
    """Token, message content intent and servers, over REST only. With `rules_of` every server is inspected too.

    `more_of`: what is found out about a server elsewhere than on Discord, by its id.
    """
    if settings.discord_token is None:
        return [
            Finding(
                "token",
                False,
                "There is no Discord token.",
                f"Create a bot at {texts.PORTAL}; set CANDOR_DISCORD_TOKEN.",
            )
        ]
    client = discord.Client(intents=discord.Intents.none(), proxy=settings.discord_proxy, connector=connector)
    try:
        await client.login(settings.discord_token.get_secret_value())
        return await _inspect_client(client, rules_of, more_of)
    except discord.LoginFailure:
        return [Finding("token", False, texts.TOKEN_REFUSED, texts.TOKEN_REFUSED_FIX)]
    except UNANSWERED as error:
        return [Finding("discord", False, texts.NO_DISCORD.format(why=type(error).__name__), texts.NO_DISCORD_FIX)]
    finally:
        await client.close()


def as_text(findings: Sequence[Finding]) -> str:
    """The findings for Discord, problems first, cut to what one message holds."""
    lines: list[str] = []
    for finding in sorted(findings, key=lambda finding: finding.ok):
        template = texts.DOCTOR_GOOD if finding.ok else texts.DOCTOR_BAD
        line = template.format(sentence=finding.sentence, fix=finding.fix or "")
        if sum(map(len, lines)) + len(lines) + len(line) > TEXT_LIMIT:
            return "\n".join([*lines, texts.DOCTOR_MORE.format(count=len(findings) - len(lines))])
        lines.append(line)
    return "\n".join(lines)


async def _inspect_client(
    client: discord.Client,
    rules_of: Callable[[int], Awaitable[GuildRules]] | None,
    more_of: Callable[[int], Awaitable[Sequence[Finding]]] | None,
) -> list[Finding]:
    application = await client.application_info()
    findings = [Finding("token", True, f"The token is that of {client.user}.")]
    flags = application.flags
    if flags.gateway_message_content or flags.gateway_message_content_limited:
        findings.append(Finding("intents", True, "The message content intent is on."))
    else:
        findings.append(Finding("intents", False, texts.INTENT_OFF, texts.INTENT_OFF_FIX))
    guilds = [guild async for guild in client.fetch_guilds(limit=None)]
    if not guilds:
        url = permissions.invite_url(application.id)
        findings.append(Finding("servers", False, "The bot is on no server.", f"Invite it: {url}"))
    else:
        findings.append(Finding("servers", True, f"The bot is on {len(guilds)} server(s)."))
        findings.append(_yearly(guilds))
    for guild in guilds if rules_of is not None else ():
        assert rules_of is not None, "the loop is empty without it"
        fetched = await client.fetch_guild(guild.id, with_counts=False)
        me = await fetched.fetch_member(application.id if client.user is None else client.user.id)
        more = await more_of(guild.id) if more_of is not None else ()
        findings += [
            Finding(found.about, found.ok, f"{fetched.name}: {found.sentence}", found.fix)
            for found in (*await inspect_guild(fetched, await rules_of(guild.id), me=me), *more)
        ]
    return findings


def _channels(channels: Sequence[discord.abc.GuildChannel], me: discord.Member) -> list[Finding]:
    """One finding a lacking permission of the channels that the bot sees; one for those that it does not see."""
    lacking: dict[str, list[str]] = {}
    texted = [channel for channel in channels if not isinstance(channel, discord.CategoryChannel)]
    for channel in texted:
        names = ("read", "delete")
        missing = {name for feature in names for name in _missing(channel, me, feature)}
        for name in ("view_channel",) if "view_channel" in missing else sorted(missing):
            lacking.setdefault(name, []).append(channel.mention)
    if not lacking:
        return [Finding("channels", True, f"I can read and moderate all {len(texted)} channels.")]
    return [
        Finding(
            "channels",
            False,
            f"I lack {permissions.TITLES[name]} in {_some(where)}.",
            "Grant it to my role there, or leave it so if I shall not look at them.",
        )
        for name, where in lacking.items()
    ]


def _missing(channel: discord.abc.GuildChannel, me: discord.Member, feature: permissions.Feature) -> tuple[str, ...]:
    return permissions.missing(channel.permissions_for(me), permissions.NEEDS[feature].bot)


def _some(mentions: Sequence[str], most: int = 5) -> str:
    shown = ", ".join(mentions[:most])
    return shown if len(mentions) <= most else f"{shown} and {len(mentions) - most} more"


async def _review_channel(guild: discord.Guild, me: discord.Member, rules: GuildRules) -> Finding:
    if rules.review_channel_id is None:
        return Finding("review channel", False, "There is no review channel, so no cards come.", "Run `/candor setup`.")
    channel = await channel_of(guild, rules.review_channel_id)
    if not isinstance(channel, discord.TextChannel):
        instead = stand_in(guild, me=me)
        sentence = setup_texts.LOST_STAND_IN.format(channel=instead.mention) if instead else setup_texts.LOST
        return Finding("review channel", False, sentence, "Run `/candor setup`.")
    features: tuple[permissions.Feature, ...] = ("post_cards", "pictures")
    lacking = tuple(dict.fromkeys(name for feature in features for name in _missing(channel, me, feature)))
    if lacking:
        sentence = f"I lack {permissions.titles(lacking)} in the review channel {channel.mention}."
        return Finding("review channel", False, sentence, "Grant it to my role there.")
    if channel.permissions_for(guild.default_role).view_channel:
        sentence = f"Everybody can see the review channel {channel.mention}."
        return Finding("review channel", False, sentence, "Take View Channel from @everyone there.")
    return Finding("review channel", True, f"Review cards go to {channel.mention}.")


async def _log_channel(guild: discord.Guild, me: discord.Member, rules: GuildRules) -> Finding:
    about = "log channel"
    if rules.log_channel_id is None:
        return Finding(about, True, texts.LOG_NONE)
    channel = await channel_of(guild, rules.log_channel_id)
    if not isinstance(channel, discord.TextChannel):
        return Finding(about, False, texts.LOG_GONE, texts.LOG_FIX)
    lacking = _missing(channel, me, "quote")
    if lacking:
        sentence = texts.LOG_NEEDS.format(channel_id=channel.id, permissions=permissions.titles(lacking))
        return Finding(about, False, sentence, texts.LOG_FIX)
    return Finding(about, True, texts.LOG_GOOD.format(channel_id=channel.id))


def _ping_role(guild: discord.Guild, me: discord.Member, rules: GuildRules) -> Finding:
    about = "calls"
    if rules.ping_role_id is None:
        return Finding(about, True, "No role is called for threats; a line in the review channel says so instead.")
    role = guild.get_role(rules.ping_role_id)
    if role is None:
        return Finding(about, False, "The role to call for threats is gone.", "Run `/candor setup ping_role:…`.")
    if not role.mentionable and permissions.missing(me.guild_permissions, ("mention_everyone",)):
        fix = "Allow anyone to mention that role in its settings."
        return Finding(about, False, f"Discord will not let me call {role.mention}.", fix)
    return Finding(about, True, f"{role.mention} is called for threats.")


def _timeouts(guild: discord.Guild, me: discord.Member) -> Finding:
    about = "timeouts"
    if permissions.missing(me.guild_permissions, permissions.NEEDS["timeout"].bot):
        fix = "Grant it to my role, or set no limit for timeouts."
        return Finding(about, False, f"I lack {permissions.titles(permissions.NEEDS['timeout'].bot)}.", fix)
    above = [role.mention for role in guild.roles if role > me.top_role and not role.managed and not _staff(role)]
    if above:
        fix = "Move my role above them in Server Settings, Roles."
        sentence = f"I cannot time out members with a role that stands above mine: {_some(above)}."
        return Finding(about, False, sentence, fix)
    return Finding(about, True, "I can time out members who are no staff.")


def _extras(me: discord.Member) -> Finding:
    """What only some features need, and the invite link does not ask for."""
    extras = []
    for feature, needs in permissions.NEEDS.items():
        lacking = permissions.missing(me.guild_permissions, () if needs.invited else needs.bot)
        if lacking:
            purpose = setup_texts.PURPOSES[feature]
            extras.append(setup_texts.EXTRA.format(permissions=permissions.titles(lacking), purpose=purpose))
    sentence = setup_texts.EXTRAS.format(extras=", ".join(extras)) if extras else setup_texts.NO_EXTRAS
    return Finding("extras", True, sentence)


def _yearly(guilds: Sequence[discord.Guild]) -> Finding:
    """Who is counted by Discord: everybody on the bot's servers, here with those on several counted twice."""
    number = sum(guild.approximate_member_count or 0 for guild in guilds)
    sentence = setup_texts.YEARLY if number > setup_texts.YEARLY_FROM else setup_texts.YEARLY_NOT
    return Finding("yearly review", True, sentence.format(number=number))


def _staff(role: discord.Role) -> bool:
    held = role.permissions
    return held.administrator or held.manage_guild or held.moderate_members or held.manage_messages


def _mode(rules: GuildRules) -> Finding:
    if rules.paused:
        return Finding("mode", True, "Paused: nothing is done automatically.")
    if rules.shadow:
        return Finding("mode", True, "Shadow mode: cards come, nothing is done automatically.")
    if rules.stopped_labels:
        labels = ", ".join(sorted(rules.stopped_labels))
        sentence = alarm_texts.DOCTOR_STOPPED.format(labels=labels)
        return Finding("mode", False, sentence, alarm_texts.DOCTOR_STOPPED_FIX)
    return Finding("mode", True, "Active: the limits you set are acted on.")
