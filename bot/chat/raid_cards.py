"""The card of a raid: what it looks like, and what moderators may do about it.

Its state is the card itself: the lines that it shows and the buttons below them, whose `custom_id` keeps what an undo
needs. So it works after a restart, and nothing about a raid is stored.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import discord
import structlog

from bot.chat import alarm_texts
from bot.chat.answering import answer, deciding, guild_of, member_of
from bot.chat.cards import Card
from bot.chat.messages import partial as handle
from bot.chat.raid_steps import INVITES_PAUSED, SLOW_SECONDS, Done, pause, slow, unpause, unslow
from bot.core.alerts import RaidNotice, StepKind

if TYPE_CHECKING:
    from bot.chat.answering import Pressed

log = structlog.get_logger(__name__)

_COLOUR = 0xE74C3C
_TEMPLATE = r"candor:v1:raid:(?P<kind>slow|unslow|pause|unpause):(?P<channel_id>[0-9]{1,20}):(?P<number>[0-9]{1,18})"


@dataclass(frozen=True, slots=True)
class _Offer:
    """One button: a step, the hit channel, and what an undo needs to know."""

    kind: StepKind
    channel_id: int
    number: int = 0

    @property
    def custom_id(self) -> str:
        return f"candor:v1:raid:{self.kind}:{self.channel_id}:{self.number}"

    @classmethod
    def of(cls, match: re.Match[str]) -> _Offer:
        return cls(cast("StepKind", match["kind"]), int(match["channel_id"]), int(match["number"]))


class RaidButton(discord.ui.DynamicItem[discord.ui.Button[Any]], template=_TEMPLATE):
    """One button of a raid's card."""

    def __init__(self, offer: _Offer) -> None:
        hours = int(INVITES_PAUSED.total_seconds() // 3600)
        super().__init__(
            discord.ui.Button(
                label=alarm_texts.BUTTONS[offer.kind].format(seconds=SLOW_SECONDS, hours=hours),
                style=discord.ButtonStyle.secondary,
                custom_id=offer.custom_id,
            )
        )
        self.offer = offer

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> RaidButton:
        """The button that was pressed."""
        return cls(_Offer.of(match))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Answer the press; raises nothing."""
        await answer(interaction, partial(self._press, interaction), feature="raid")

    async def _press(self, interaction: Pressed) -> str:
        message = interaction.message
        assert message is not None, "a button stands on a message"
        with deciding(interaction, message.id):
            done = await _do(interaction, self.offer)
            await _show(interaction, message, self.offer, done)
        await interaction.client.flows.alarms.note(guild_of(interaction), done.step)
        return _filled(alarm_texts.SAID, done, interaction)


def raid_card(notice: RaidNotice) -> Card:
    """The card as it is posted."""
    lines = [
        f"### {alarm_texts.RAID_TITLE.format(channel_id=notice.channel_id)}",
        alarm_texts.RAID_KINDS[notice.kind].format(members=notice.members),
        alarm_texts.RAID_ACTING if notice.acting else alarm_texts.RAID_NOT_ACTING,
        alarm_texts.RAID_HOW,
    ]
    return _card(lines, [_Offer("slow", notice.channel_id), _Offer("pause", notice.channel_id)])


def _card(lines: Sequence[str], offers: Sequence[_Offer]) -> Card:
    container: discord.ui.Container[Any] = discord.ui.Container(accent_colour=_COLOUR)
    for line in lines:
        container.add_item(discord.ui.TextDisplay(line))
    buttons: list[Any] = [RaidButton(offer) for offer in offers]
    container.add_item(discord.ui.ActionRow(*buttons))
    return Card(container)


async def _do(interaction: Pressed, offer: _Offer) -> Done:
    bot, member = interaction.client, member_of(interaction)
    match offer.kind:
        case "slow":
            return await slow(member, offer.channel_id)
        case "unslow":
            return await unslow(member, offer.channel_id, offer.number)
        case "pause":
            return await pause(bot, member)
        case "unpause":
            return await unpause(bot, member, offer.number)


async def _show(interaction: Pressed, message: discord.Message, pressed: _Offer, done: Done) -> None:
    """Write the step onto the card, with its undo in place of the pressed button."""
    try:
        # As it stands now: another moderator may have pressed the other button a moment ago.
        standing = await handle(cast("Any", message.channel), message.id).fetch()
    except (discord.NotFound, discord.Forbidden) as error:
        log.info("raid_card_lost", message_id=message.id, code=error.code)
        standing = message
    lines, offers = _read(standing)
    instead = _Offer(done.undone_by, pressed.channel_id, done.number)
    offers = [instead if offer.kind == pressed.kind else offer for offer in offers]
    lines = [*lines, _filled(alarm_texts.LINES, done, interaction)]
    try:
        await handle(cast("Any", message.channel), message.id).edit(
            view=_card(_within(lines), offers), allowed_mentions=discord.AllowedMentions.none()
        )
    except (discord.NotFound, discord.Forbidden) as error:
        # The card is gone; what was done stands.
        log.info("raid_card_lost", message_id=message.id, code=error.code)


def _read(message: discord.Message) -> tuple[list[str], list[_Offer]]:
    lines: list[str] = []
    offers: list[_Offer] = []
    waiting: list[Any] = list(message.components)
    while waiting:
        component = waiting.pop(0)
        if isinstance(component, discord.TextDisplay):
            lines.append(component.content)
        match = re.fullmatch(_TEMPLATE, getattr(component, "custom_id", None) or "")
        if match is not None:
            offers.append(_Offer.of(match))
        waiting[:0] = getattr(component, "children", [])
    return lines, offers


HEAD_LINES, MOST_STEPS = 4, 10


def _within(lines: Sequence[str]) -> list[str]:
    """What the card says of the raid and the newest steps: a card holds 40 components."""
    return [*lines[:HEAD_LINES], *lines[HEAD_LINES:][-MOST_STEPS:]]


def _filled(templates: dict[str, str], done: Done, interaction: Pressed) -> str:
    step = done.step
    return templates[step.kind].format(
        seconds=step.seconds,
        channel_id=step.channel_id,
        until=discord.utils.format_dt(step.until, "t") if step.until else "",
        moderator_id=interaction.user.id,
        now=discord.utils.format_dt(discord.utils.utcnow(), "t"),
    )
