"""A text goes back under the member's name, by a webhook of the bot's own, as it was written; it notifies nobody."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import discord
import structlog

from bot.chat import put_back_texts, texts
from bot.chat.messages import UNANSWERED, GuildChannel, member_of
from bot.chat.permissions import missing_for_bot, titles
from bot.core.cases import Case

if TYPE_CHECKING:
    from bot.chat.client import CandorBot

log = structlog.get_logger(__name__)

NAME_LIMIT, MESSAGE_LIMIT = 80, 2000
HAIR_SPACE = "\u200a"
"""Within a word hardly anybody sees it, and Discord's filter does not know the word any more."""

_REFUSED = re.compile(r"discord|clyde|^everyone$|^here$", re.IGNORECASE)
_DROPPED = re.compile(r"[@#:]|```")


async def repost(bot: CandorBot, channel: GuildChannel, case: Case) -> str | None:
    """Post the case's text in `channel` under its author's name; None, or why that is not possible."""
    place = channel.parent if isinstance(channel, discord.Thread) else channel
    if not isinstance(place, discord.TextChannel | discord.ForumChannel | discord.VoiceChannel | discord.StageChannel):
        return put_back_texts.NO_WEBHOOKS
    lacking = missing_for_bot(place, "put_back_as_member")
    if lacking:
        return texts.BOT_LACKS.format(permissions=titles(lacking))
    try:
        member = await member_of(place.guild, case.author_id)
        webhook = await _webhook(bot, place)
        await webhook.send(
            _cut(case.text or ""),
            username=webhook_name(member.display_name if member else case.author_name or ""),
            avatar_url=member.display_avatar.url if member else discord.utils.MISSING,
            thread=channel if isinstance(channel, discord.Thread) else discord.utils.MISSING,
            allowed_mentions=discord.AllowedMentions.none(),
            suppress_embeds=True,
            wait=True,
        )
    except UNANSWERED as error:
        log.warning("not_reposted", case_id=case.case_id, why=type(error).__name__)
        if isinstance(error, discord.HTTPException) and error.status < 500:
            return texts.REFUSED_BY_DISCORD.format(code=error.code)
        return texts.UNANSWERED.format(status=getattr(error, "status", "no answer"))
    return None


def webhook_name(name: str) -> str:
    """The name as Discord takes it for a webhook: without a few signs, "discord" and "clyde", and never blank."""
    kept = _REFUSED.sub(lambda word: word[0][:3] + HAIR_SPACE + word[0][3:], _DROPPED.sub("", name).strip())
    return kept[:NAME_LIMIT].strip() or put_back_texts.SOMEBODY


async def _webhook(
    bot: CandorBot, place: discord.TextChannel | discord.ForumChannel | discord.VoiceChannel | discord.StageChannel
) -> discord.Webhook:
    """The bot's own webhook of the channel, made where there is none."""
    own_id = place.guild.me.id
    found = (each for each in await place.webhooks() if each.token and each.user and each.user.id == own_id)
    webhook = next(found, None) or await place.create_webhook(
        name=webhook_name(place.guild.me.name), reason=put_back_texts.WEBHOOK_REASON
    )
    # Noted before anything is sent: what the bot posts itself it does not judge.
    bot.own_webhooks.add(webhook.id)
    return webhook


def _cut(text: str) -> str:
    return text if len(text) <= MESSAGE_LIMIT else text[: MESSAGE_LIMIT - 1] + "…"
