"""The review channel: the `Board` port. Cards are silent; a call is a separate plain line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import discord
import structlog

from bot.chat import deed_texts, permissions, texts
from bot.chat.alarm_lines import alert_line, step_line
from bot.chat.audit_cards import audit_card
from bot.chat.away_lines import away_text
from bot.chat.cards import Card, review_card, scrubbed_card
from bot.chat.doctor import inspect_guild
from bot.chat.finding_cards import find_card, nonce_of
from bot.chat.inert import inert
from bot.chat.learn_report import PICTURE, progress_card, report_card, report_file
from bot.chat.messages import UNANSWERED, partial
from bot.chat.queue_lines import digest_text
from bot.chat.raid_cards import raid_card
from bot.chat.stand_in import say_lost, stand_in
from bot.chat.weekly_card import week_card, week_file
from bot.chat.why_lines import NAME_LIMIT, duration_of
from bot.core.alerts import Alert, RaidNotice, ServerStep
from bot.core.appeals import LogEntry
from bot.core.audits import AuditBatch
from bot.core.away import AwayReport
from bot.core.cases import Background, CardRef, Case
from bot.core.digest import Digest
from bot.core.guild_rules import GuildRules
from bot.core.policy import Timeout
from bot.core.retraining import RunProgress, RunReport
from bot.core.weekly import WeekReport
from bot.errors import BoardUnavailable

if TYPE_CHECKING:
    from bot.chat.client import CandorBot

log = structlog.get_logger(__name__)


READABLE = "channels"
"""What the doctor calls its findings about channels that the bot may not read."""


class DiscordBoard:
    """The `Board` port."""

    def __init__(self, bot: CandorBot) -> None:
        self._bot = bot
        self._said_lost: set[int] = set()
        self._unsure: set[str | None] = set()

    async def show(self, case: Case, *, channel_id: int, background: Background, search: bool = False) -> CardRef:
        """Edit the case's card where it stands; post one in `channel_id` where it has none or lost it."""
        card = review_card(case, background)
        stands = await find_card(self._bot, case, channel_id) if search and case.card is None else case.card
        if stands is not None and await self._edited(stands, card):
            return stands
        only_there = case.opened_why == "staff"
        return await self._posted(card, channel_id, case.guild_id, only_there=only_there, nonce=nonce_of(case))

    async def ping(self, alert: Alert, *, channel_id: int, role_id: int | None, silent: bool = False) -> None:
        """One plain line with the role in front, allowed to notify that role and nobody else."""
        channel = self._postable(channel_id, alert.guild_id)
        text = alert_line(alert)
        called = [] if role_id is None else [discord.Object(role_id)]
        once: dict[str, Any] = {} if alert.case_id is None else {"nonce": f"p{alert.case_id}"}
        try:
            await channel.send(
                text if role_id is None else f"<@&{role_id}> {text}",
                allowed_mentions=discord.AllowedMentions(everyone=False, users=False, roles=called),
                suppress_embeds=True,
                silent=silent,
                **once,
            )
        except UNANSWERED as error:
            raise BoardUnavailable(texts.CARD_FAILED) from error

    async def show_raid(self, notice: RaidNotice, *, channel_id: int) -> CardRef:
        """Post the raid's card."""
        return await self._posted(raid_card(notice), channel_id, notice.guild_id)

    async def scrub(self, card: CardRef) -> None:
        """Replace the card with a line that says that its text is gone."""
        if self._bot.get_channel(card.channel_id) is None and any(guild.unavailable for guild in self._bot.guilds):
            raise BoardUnavailable(texts.CARD_FAILED)  # it may stand where nothing can be seen now
        await self._edited(card, scrubbed_card())

    async def remove(self, card: CardRef) -> None:
        """Delete a posted card; one that is gone already is fine."""
        try:
            await self._bot.http.delete_message(card.channel_id, card.message_id)
        except (discord.NotFound, discord.Forbidden) as error:
            log.info("card_lost", channel_id=card.channel_id, message_id=card.message_id, code=error.code)
        except UNANSWERED as error:
            raise BoardUnavailable(texts.CARD_FAILED) from error

    async def digest(self, digest: Digest | AwayReport, *, channel_id: int) -> None:
        """One silent message that notifies nobody."""
        channel = self._postable(channel_id, digest.guild_id)
        try:
            text = digest_text(digest) if isinstance(digest, Digest) else away_text(digest)
            await channel.send(text, silent=True, allowed_mentions=discord.AllowedMentions.none())
        except UNANSWERED as error:
            raise BoardUnavailable(texts.CARD_FAILED) from error

    async def log(self, entry: LogEntry | ServerStep, *, guild_id: int, channel_id: int) -> None:
        """One silent line that notifies nobody."""
        channel = self._channel(guild_id, channel_id)
        if not isinstance(channel, discord.TextChannel):
            raise BoardUnavailable(texts.LOG_GONE)
        lacking = permissions.missing_for_bot(channel, "quote")
        if lacking:
            names = permissions.titles(lacking)
            raise BoardUnavailable(texts.LOG_NEEDS.format(channel_id=channel_id, permissions=names))
        try:
            text = log_line(entry) if isinstance(entry, LogEntry) else step_line(entry)
            await channel.send(text, silent=True, allowed_mentions=discord.AllowedMentions.none())
        except UNANSWERED as error:
            raise BoardUnavailable(texts.LOG_GONE) from error

    async def show_audit(self, batch: AuditBatch, *, channel_id: int) -> CardRef:
        """Edit the batch's card where it stands; post one in `channel_id` where it has none or lost it."""
        card = audit_card(batch)
        if batch.card is not None and (await self._edited(batch.card, card) or batch.state != "open"):
            return batch.card
        return await self._posted(card, channel_id, batch.guild_id)

    async def show_week(self, report: WeekReport, *, channel_id: int, png: bytes | None, words: str) -> CardRef:
        """Post the weekly report silently, with its picture where the bot may attach files."""
        channel = self._postable(channel_id, report.guild_id)
        if permissions.missing_for_bot(channel, "pictures"):
            png = None
        card = week_card(report, picture=None if png is None else words)
        files = [] if png is None else [week_file(png)]
        return await _sent(channel, card, files)

    async def trouble(self, rules: GuildRules) -> tuple[str, ...]:
        """What the doctor finds wrong. Channels that the bot may not read may be meant so; they are not named here."""
        guild = self._bot.get_guild(rules.guild_id)
        try:
            found = await inspect_guild(guild, rules) if guild is not None else []
        except UNANSWERED as error:
            raise BoardUnavailable(texts.CARD_FAILED) from error
        return tuple(
            f"{each.sentence} {each.fix or ''}".strip() for each in found if not each.ok and each.about != READABLE
        )

    async def show_progress(self, progress: RunProgress, *, guild_id: int, channel_id: int) -> CardRef:
        """Edit the run's progress where it stands; post it where it has no card or lost it."""
        card = progress_card(progress)
        if progress.card is not None and await self._edited(progress.card, card):
            return progress.card
        return await self._posted(card, channel_id, guild_id)

    async def show_report(
        self, report: RunReport, *, guild_id: int, channel_id: int, png: bytes | None = None, words: str = ""
    ) -> CardRef:
        """Edit the run's report where it stands; post it where it was never posted or is lost."""
        if png is not None and self._may_not_attach(report, channel_id):
            png = None
        if report.run.report is not None:
            ref = CardRef(*report.run.report)
            has = png is not None or await self._has_picture(ref)
            files = None if png is None else [report_file(png)]
            if await self._edited(ref, report_card(report, picture=words if has else None), files):
                return ref
        card = report_card(report, picture=None if png is None else words)
        return await self._posted(card, channel_id, guild_id, files=[] if png is None else [report_file(png)])

    def _may_not_attach(self, report: RunReport, channel_id: int) -> bool:
        channel = self._bot.get_channel(report.run.report[0] if report.run.report else channel_id)
        return isinstance(channel, discord.TextChannel) and bool(permissions.missing_for_bot(channel, "pictures"))

    async def _has_picture(self, ref: CardRef) -> bool:
        """Whether the report that stands there carries its picture, which an edit then keeps."""
        channel = self._bot.get_channel(ref.channel_id)
        if not isinstance(channel, discord.TextChannel):
            return False
        try:
            message = await partial(channel, ref.message_id).fetch()
        except UNANSWERED as error:
            log.info("card_unread", channel_id=ref.channel_id, message_id=ref.message_id, why=type(error).__name__)
            return False
        return any(file.filename == PICTURE for file in message.attachments)

    async def _edited(self, ref: CardRef, card: Card, files: list[discord.File] | None = None) -> bool:
        """Whether the card stands and shows `card` now; False if it, or its channel, is gone."""
        channel = self._bot.get_channel(ref.channel_id)
        if not isinstance(channel, discord.TextChannel):
            return False
        try:
            # Without this, Discord marks the card as one that mentions the moderator who decided it.
            options: dict[str, Any] = {} if files is None else {"attachments": files}
            nobody = discord.AllowedMentions.none()
            await partial(channel, ref.message_id).edit(view=card, allowed_mentions=nobody, **options)
        except (discord.NotFound, discord.Forbidden) as error:
            log.info("card_lost", channel_id=ref.channel_id, message_id=ref.message_id, code=error.code)
            return False
        except UNANSWERED as error:
            raise BoardUnavailable(texts.CARD_FAILED) from error
        return True

    async def _posted(
        self,
        card: Card,
        channel_id: int,
        guild_id: int,
        *,
        only_there: bool = False,
        files: Sequence[discord.File] = (),
        nonce: str | None = None,
    ) -> CardRef:
        """`only_there`: the card goes into no other channel where that one is gone, and nobody else is told. `nonce`:
        what was posted under it a moment ago is not posted again, but shown as it is now.
        """
        if only_there and self._channel(guild_id, channel_id) is None:
            raise BoardUnavailable(texts.NO_CHANNEL)
        try:
            channel = self._postable(channel_id, guild_id)
        except BoardUnavailable:
            await self._lost(channel_id, guild_id)
            raise
        try:
            ref = await _sent(channel, card, files, nonce)
        except BoardUnavailable:
            self._unsure |= {nonce} if nonce else set()
            raise
        if nonce in self._unsure:
            self._unsure.discard(nonce)
            await self._edited(ref, card)
        return ref

    async def _lost(self, channel_id: int, guild_id: int) -> None:
        """Once while the bot runs, tell a server without a channel for cards."""
        if self._channel(guild_id, channel_id) is None and guild_id not in self._said_lost:
            self._said_lost.add(guild_id)
            await say_lost(self._bot.get_guild(guild_id))

    def _channel(self, guild_id: int, channel_id: int) -> discord.abc.GuildChannel | None:
        """The server's channel; None also for one of another server, whose members must not read what is posted."""
        guild = self._bot.get_guild(guild_id)
        return guild.get_channel(channel_id) if guild is not None else None

    def _postable(self, channel_id: int, guild_id: int) -> discord.TextChannel:
        channel = self._channel(guild_id, channel_id)
        if channel is None:
            channel = stand_in(self._bot.get_guild(guild_id))
        if not isinstance(channel, discord.TextChannel):
            raise BoardUnavailable(texts.NO_CHANNEL)
        lacking = permissions.missing_for_bot(channel, "post_cards")
        if lacking:
            raise BoardUnavailable(
                texts.CARD_NEEDS.format(channel_id=channel_id, permissions=permissions.titles(lacking))
            )
        return channel


async def _sent(
    channel: discord.TextChannel, card: Card, files: Sequence[discord.File], nonce: str | None = None
) -> CardRef:
    """Where the card stands now."""
    # Of several messages with one nonce within some minutes Discord posts the first alone, and answers with that.
    options: dict[str, Any] = {} if nonce is None else {"nonce": nonce}
    try:
        message = await channel.send(view=card, files=files, silent=True, **options)
    except (discord.NotFound, discord.Forbidden) as error:
        raise BoardUnavailable(texts.NO_CHANNEL) from error
    except UNANSWERED as error:
        raise BoardUnavailable(texts.CARD_FAILED) from error
    return CardRef(channel.id, message.id)


def log_line(entry: LogEntry) -> str:
    """ "case 1042: deleted, confirmed by Lena"."""
    phrases = deed_texts.UNDONE if entry.undone else deed_texts.DONE
    done: list[str] = []
    for action in entry.actions:
        duration = duration_of(action.seconds) if isinstance(action, Timeout) else ""
        done.append(phrases[action.kind].format(duration=duration))
    what = ", ".join(done) + (texts.LOG_TIMES.format(number=entry.messages) if entry.messages > 1 else "")
    by = texts.LOG_BY_BOT
    if entry.by is not None:
        by = (texts.LOG_UNDONE if entry.undone else texts.LOG_CONFIRMED).format(name=inert(entry.by, limit=NAME_LIMIT))
    untold = f" · {entry.untold}" if entry.untold else ""
    return texts.LOG_LINE.format(case_id=entry.case_id, what=what, by=by, untold=untold)
