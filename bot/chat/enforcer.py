"""Actions are performed here and nowhere else: the `Enforcer` port.

Permissions and the order of roles are looked at before Discord is asked, because refused requests count towards a ban
of the whole address. Every way in which an action can end is an outcome; nothing is raised.

The end of a timeout is computed from when it was decided, not from the moment of acting: so undo and settle can tell
this case's timeout from one that a moderator or another case set. A ban is told by its reason, which names the case.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable
from datetime import timedelta
from typing import TYPE_CHECKING

import discord
import structlog

from bot.chat import deed_texts, name_texts, nicknames, permissions, removals, texts
from bot.chat.messages import UNANSWERED, channel_of, member_of, partial
from bot.chat.obstacles import lacking, obstacle
from bot.core.actions import Ban, Kick, ResetNickname
from bot.core.cases import Case, ends_at
from bot.core.policy import Action, Delete, Timeout, Warn
from bot.flow.ports import Outcome

if TYPE_CHECKING:
    from bot.chat.client import CandorBot

log = structlog.get_logger(__name__)

SAME_TIME = timedelta(seconds=2)
"""Discord may round the end of a timeout."""

CANNOT_DM = 50007
REASON_LIMIT = 512


class DiscordEnforcer:
    """The `Enforcer` port."""

    def __init__(self, bot: CandorBot) -> None:
        self._bot = bot

    async def perform(self, case: Case, action: Action, *, reason: str) -> Outcome:
        """Do it, or say why not."""
        guild = self._bot.get_guild(case.guild_id)
        if guild is None:
            return Outcome("refused", texts.GUILD_GONE)
        reason = reason[:REASON_LIMIT]
        match action:
            case Warn():
                return await _settled(case, self._warn(guild, case))
            case Timeout():
                return await _settled(case, self._time_out(guild, case, action, reason))
            case Delete():
                return await _settled(case, self._delete(guild, case, reason))
            case Ban():
                return await _settled(case, self._ban(guild, case, reason))
            case Kick():
                return await _settled(case, removals.kick(guild, case, reason))
            case ResetNickname():
                return await _settled(case, nicknames.reset(guild, case, reason, names=self._bot.flows.names))

    async def undo(self, case: Case, action: Action, *, reason: str) -> Outcome:
        """Take it back where Discord can."""
        if isinstance(action, Warn):
            return Outcome("refused", texts.WARNING_STAYS)
        if isinstance(action, Delete):
            return Outcome("refused", texts.DELETE_STAYS)
        if isinstance(action, Kick):
            return Outcome("refused", deed_texts.KICK_STAYS)
        guild = self._bot.get_guild(case.guild_id)
        if guild is None:
            return Outcome("refused", texts.UNDO_REFUSED.format(why=texts.GUILD_GONE))
        reason = reason[:REASON_LIMIT]
        match action:
            case Timeout():
                return await _settled(case, self._lift(guild, case, action, reason))
            case Ban():
                return await _settled(case, self._unban(guild, case, reason))
            case ResetNickname():
                return await _settled(case, nicknames.give_back(guild, case, reason))

    async def settle(self, case: Case, action: Action) -> Outcome | None:
        """What Discord shows of an action whose outcome was lost; None if it is still to be done."""
        guild = self._bot.get_guild(case.guild_id)
        if guild is None:
            return Outcome("refused", texts.GUILD_GONE)
        try:
            match action:
                case Warn():
                    # Whether it arrived cannot be told, and nobody is warned twice.
                    return Outcome("failed", texts.WARNING_UNKNOWN)
                case Timeout():
                    return await self._find_timeout(guild, case, action)
                case Delete():
                    return await self._find_deletion(guild, case)
                case Ban():
                    return Outcome("done") if await _our_ban(guild, case) else None
                case Kick():
                    return await removals.find_kick(guild, case)
                case ResetNickname():
                    return await nicknames.find_reset(guild, case)
        except UNANSWERED as error:
            log.warning("not_settled", case_id=case.case_id, action=action.kind, why=type(error).__name__)
            return None

    async def _warn(self, guild: discord.Guild, case: Case) -> Outcome:
        member = await member_of(guild, case.author_id)
        if member is None:
            return Outcome("refused", texts.AUTHOR_LEFT)
        if member.bot:
            return Outcome("refused", texts.AUTHOR_BOT)
        try:
            await member.send(texts.WARNING.format(guild=discord.utils.escape_markdown(guild.name)))
        except discord.Forbidden as error:
            if error.code == CANNOT_DM:
                return Outcome("refused", texts.NO_DMS)
            raise
        return Outcome("done")

    async def _time_out(self, guild: discord.Guild, case: Case, action: Timeout, reason: str) -> Outcome:
        until = ends_at(case, action)
        if until <= discord.utils.utcnow():
            return Outcome("refused", texts.TIMEOUT_OVER)
        member = await member_of(guild, case.author_id)
        if member is None:
            return Outcome("refused", texts.AUTHOR_LEFT)
        hindered = obstacle(guild, member, "timeout")
        if hindered is not None:
            return Outcome("refused", hindered)
        if member.timed_out_until is not None and member.timed_out_until >= until:
            return Outcome("refused", texts.LONGER_TIMEOUT, already=True)
        await member.timeout(until, reason=reason)
        return Outcome("done", f"until {discord.utils.format_dt(until, 't')}")

    async def _ban(self, guild: discord.Guild, case: Case, reason: str) -> Outcome:
        member = await member_of(guild, case.author_id)
        hindered = lacking(guild, "ban") if member is None else obstacle(guild, member, "ban")
        if hindered is not None:
            return Outcome("refused", hindered)
        if await _ban_of(guild, case) is not None:
            return Outcome("refused", texts.ALREADY_BANNED, already=True)
        await guild.ban(discord.Object(case.author_id), reason=reason, delete_message_seconds=0)
        return Outcome("done")

    async def _unban(self, guild: discord.Guild, case: Case, reason: str) -> Outcome:
        hindered = lacking(guild, "ban")
        if hindered is not None:
            return Outcome("refused", texts.UNBAN_REFUSED.format(why=hindered))
        if not await _our_ban(guild, case):
            return Outcome("refused", texts.NOT_OUR_BAN)
        await guild.unban(discord.Object(case.author_id), reason=reason)
        return Outcome("done", texts.BAN_LIFTED)

    async def _delete(self, guild: discord.Guild, case: Case, reason: str) -> Outcome:
        if case.subject != "message":
            return Outcome("refused", name_texts.NOT_A_MESSAGE)
        channel = await channel_of(guild, case.channel_id)
        if channel is None:
            return Outcome("refused", texts.CHANNEL_GONE)
        missing = permissions.missing_for_bot(channel, "delete")
        if missing:
            return Outcome("refused", texts.BOT_LACKS.format(permissions=permissions.titles(missing)))
        try:
            # Not PartialMessage.delete, which takes no reason.
            await self._bot.http.delete_message(channel.id, case.message_id, reason=reason)
        except discord.NotFound:
            return Outcome("refused", texts.ALREADY_GONE, already=True)
        return Outcome("done")

    async def _lift(self, guild: discord.Guild, case: Case, action: Timeout, reason: str) -> Outcome:
        member = await member_of(guild, case.author_id)
        if member is None:
            return Outcome("refused", texts.AUTHOR_LEFT_UNDO)
        if not member.is_timed_out() or member.timed_out_until is None:
            return Outcome("done", texts.NO_TIMEOUT_LEFT, already=True)
        if abs(member.timed_out_until - ends_at(case, action)) > SAME_TIME:
            return Outcome("refused", texts.NOT_OUR_TIMEOUT)
        hindered = obstacle(guild, member, "timeout")
        if hindered is not None:
            return Outcome("refused", texts.UNDO_REFUSED.format(why=hindered))
        await member.timeout(None, reason=reason)
        return Outcome("done", texts.TIMEOUT_LIFTED)

    async def _find_timeout(self, guild: discord.Guild, case: Case, action: Timeout) -> Outcome | None:
        member = await member_of(guild, case.author_id)
        if member is None:
            return Outcome("refused", texts.AUTHOR_LEFT)
        until = ends_at(case, action)
        if member.timed_out_until is not None and abs(member.timed_out_until - until) <= SAME_TIME:
            return Outcome("done", f"until {discord.utils.format_dt(until, 't')}")
        return None

    async def _find_deletion(self, guild: discord.Guild, case: Case) -> Outcome | None:
        channel = await channel_of(guild, case.channel_id)
        if channel is None:
            return Outcome("refused", texts.CHANNEL_GONE)
        try:
            await partial(channel, case.message_id).fetch()
        except discord.NotFound:
            return Outcome("done")
        return None


async def _ban_of(guild: discord.Guild, case: Case) -> discord.guild.BanEntry | None:
    try:
        return await guild.fetch_ban(discord.Object(case.author_id))
    except discord.NotFound:
        return None


async def _our_ban(guild: discord.Guild, case: Case) -> bool:
    """Whether the author is banned, and for this case: the reason says so."""
    ban = await _ban_of(guild, case)
    return ban is not None and re.search(rf"\bcase {case.case_id}\b", ban.reason or "") is not None


async def _settled(case: Case, work: Awaitable[Outcome]) -> Outcome:
    """`work`'s outcome; what Discord refuses or leaves unanswered becomes one."""
    try:
        return await work
    except (discord.Forbidden, discord.NotFound) as error:
        return Outcome("refused", texts.REFUSED_BY_DISCORD.format(code=error.code))
    except UNANSWERED as error:
        status = getattr(error, "status", type(error).__name__)
        log.warning("action_failed", case_id=case.case_id, status=status)
        if isinstance(error, discord.HTTPException) and error.status < 500:
            return Outcome("failed", texts.REFUSED_BY_DISCORD.format(code=error.code))
        return Outcome("failed", texts.UNANSWERED.format(status=status))
