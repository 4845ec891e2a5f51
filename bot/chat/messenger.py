"""What members read of the bot: notices by direct message, and texts put back as a quote. The `Messenger` port."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord
import structlog

from bot.chat import deed_texts, name_texts, permissions, texts
from bot.chat.appeal_menu import AppealButton
from bot.chat.inert import inert
from bot.chat.messages import UNANSWERED, channel_of, member_of
from bot.chat.reposting import repost
from bot.chat.why_lines import NAME_LIMIT
from bot.core.appeals import Notice
from bot.core.cases import CardRef, Case
from bot.flow.ports import Outcome, Told

if TYPE_CHECKING:
    from bot.chat.client import CandorBot

log = structlog.get_logger(__name__)

CANNOT_DM = 50007
THREAD_CLOSED = frozenset({50083, 160005})
"""Discord's codes for writing into an archived and into a locked thread."""
MESSAGE_LIMIT = 2000
RULE_LIMIT = 200


class DiscordMessenger:
    """The `Messenger` port."""

    def __init__(self, bot: CandorBot) -> None:
        self._bot = bot

    async def tell(self, notice: Notice) -> Told:
        """Send the notice, with its button."""
        guild = self._bot.get_guild(notice.guild_id)
        if guild is None:
            return Told(Outcome("refused", texts.GUILD_GONE))
        try:
            member = await member_of(guild, notice.member_id)
            if member is None or member.bot:
                return Told(Outcome("refused", texts.NOT_A_MEMBER if member is None else texts.AUTHOR_BOT))
            options: dict[str, Any] = {"view": _buttons(notice)} if notice.can_appeal else {}
            message = await member.send(notice_text(notice, guild.name), **options)
        except discord.Forbidden as error:
            detail = texts.NO_DMS if error.code == CANNOT_DM else texts.REFUSED_BY_DISCORD.format(code=error.code)
            return Told(Outcome("refused", detail))
        except UNANSWERED as error:
            log.warning("not_told", case_id=notice.case_id, why=type(error).__name__)
            return Told(Outcome("failed", texts.UNANSWERED.format(status=getattr(error, "status", "no answer"))))
        return Told(Outcome("done"), CardRef(message.channel.id, message.id))

    async def take_back(self, message: CardRef) -> None:
        """Delete a notice that turned out wrong; one that stays is logged."""
        try:
            await self._bot.http.delete_message(message.channel_id, message.message_id)
        except UNANSWERED as error:
            log.warning("notice_stays", message_id=message.message_id, why=type(error).__name__)

    async def quote(self, case: Case, *, as_member: bool) -> Outcome:
        """Post the case's text where it stood: under the member's name where that is wanted and possible, else as a
        quote, made inert."""
        guild = self._bot.get_guild(case.guild_id)
        if guild is None:
            return Outcome("refused", texts.GUILD_GONE)
        try:
            channel = await channel_of(guild, case.channel_id)
            if channel is None or not isinstance(channel, discord.abc.Messageable):
                return Outcome("refused", texts.CHANNEL_GONE)
            why_not = await repost(self._bot, channel, case) if as_member else None
            if as_member and why_not is None:
                return Outcome("done")
            lacking = permissions.missing_for_bot(channel, _quoting(channel))
            if lacking:
                return Outcome("refused", texts.BOT_LACKS.format(permissions=permissions.titles(lacking)))
            nobody = discord.AllowedMentions.none()
            await channel.send(quote_text(case), allowed_mentions=nobody, suppress_embeds=True)
        except UNANSWERED as error:
            if isinstance(error, discord.HTTPException) and error.status < 500:
                closed = error.code in THREAD_CLOSED
                detail = texts.THREAD_CLOSED if closed else texts.REFUSED_BY_DISCORD.format(code=error.code)
                return Outcome("refused", detail)
            log.warning("not_quoted", case_id=case.case_id, why=type(error).__name__)
            return Outcome("failed", texts.UNANSWERED.format(status=getattr(error, "status", "no answer")))
        return Outcome("done", why_not)


def notice_text(notice: Notice, guild_name: str) -> str:
    """What the member reads: what was done under which rule and until when, or how it ended."""
    guild = inert(guild_name, limit=NAME_LIMIT)
    many = notice.messages > 1
    what = texts.NOTICE_WHAT[many] if notice.subject == "message" else name_texts.NOTICE_WHAT[notice.subject]
    what = what.format(channel_id=notice.channel_id, messages=notice.messages)
    lifted = ""
    if notice.about != "acted":
        lifted = _joined([deed_texts.NOTICE_LIFTED[action.kind] for action in notice.actions])
    match notice.about:
        case "acted":
            rule = texts.NOTICE_RULE.format(rule=inert(notice.rule, limit=RULE_LIMIT)) if notice.rule else ""
            text = texts.NOTICE_ACTED.format(guild=guild, what=what, done=_done(notice, many=many), rule=rule)
            return text + (texts.NOTICE_ELSEWHERE.format(url=notice.appeal_url) if notice.appeal_url else "")
        case "undone":
            return texts.NOTICE_UNDONE.format(guild=guild, undone=lifted)
        case "upheld":
            return texts.NOTICE_UPHELD.format(guild=guild, what=what)
        case "fine" | "overturned":
            text = texts.NOTICE_FINE if notice.about == "fine" else texts.NOTICE_OVERTURNED
            return text.format(guild=guild, what=what, undone=f"; {lifted}" if lifted else "")


def quote_text(case: Case) -> str:
    """The text as the bot's quote: it notifies nobody and nothing of it works."""
    name = inert(f"@{case.author_name or case.author_id}", limit=NAME_LIMIT)
    room = MESSAGE_LIMIT - len(texts.PUT_BACK) - len(name)
    return texts.PUT_BACK.format(name=name, text=inert(case.text or "", limit=room))


def _done(notice: Notice, *, many: bool) -> str:
    phrases: list[str] = []
    for action in notice.actions:
        phrase = deed_texts.NOTICE_DONE[action.kind]
        until = discord.utils.format_dt(notice.until, "f") if notice.until else ""
        phrases.append((phrase if isinstance(phrase, str) else phrase[many]).format(until=until))
    return _joined(phrases)


def _joined(phrases: list[str]) -> str:
    return " and ".join([", ".join(phrases[:-1]), phrases[-1]] if len(phrases) > 1 else phrases)


def _buttons(notice: Notice) -> discord.ui.View:
    button: Any = AppealButton(notice.guild_id, notice.case_id)
    return discord.ui.View(timeout=None).add_item(button)


def _quoting(channel: object) -> permissions.Feature:
    return "quote_in_thread" if isinstance(channel, discord.Thread) else "quote"
