"""What the circuit breaker saw is told: a raid with a card and one call, a stopped label with one line."""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from bot.core.alerts import Alert, RaidNotice, ServerStep
from bot.core.bursts import FAULT_MEMBERS, RAID_OVER, Raid
from bot.core.cases import CardRef
from bot.errors import BoardUnavailable, BotError
from bot.flow.breaker import Limited
from bot.flow.claiming import Claiming
from bot.flow.pings import Pings
from bot.flow.ports import Board, Clock
from bot.store.guilds import GuildStore

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Untold:
    """A raid of which people do not know yet. `card`: its notice, once that stands."""

    raid: Raid
    card: CardRef | None = None


class Alarms:
    """Tells each raid and each stopped label once. What cannot be told now is told by `catch_up`."""

    def __init__(self, *, board: Board, pings: Pings, guilds: GuildStore, claiming: Claiming, clock: Clock) -> None:
        self._board = board
        self._claiming = claiming
        self._pings = pings
        self._guilds = guilds
        self._clock = clock
        self._raids: dict[int, _Untold] = {}
        self._stopped: set[tuple[int, str]] = set()

    async def tell(self, guild_id: int, limited: Limited) -> None:
        """Tell what has just begun, if anything has. Raises nothing of ours."""
        if limited.raid is None and limited.stopped is None:
            return
        if limited.raid is not None:
            self._raids[guild_id] = _Untold(limited.raid)
        if limited.stopped is not None:
            self._stopped.add((guild_id, limited.stopped))
        await self.catch_up()

    async def catch_up(self) -> int:
        """Tell what could not be told before; how much of it was told now. A raid that is long over is left."""
        told = 0
        for guild_id, untold in list(self._raids.items()):
            if self._clock.now() - untold.raid.last_at > RAID_OVER:
                log.warning("raid_untold", guild_id=guild_id)
                self._raids.pop(guild_id, None)
            elif await self._try_raid(guild_id, untold):
                told += 1
        for guild_id, label in list(self._stopped):
            told += await self._try_stopped(guild_id, label)
        return told

    async def _try_raid(self, guild_id: int, untold: _Untold) -> bool:
        # Taken out first: another message of the raid must not tell it a second time meanwhile.
        self._raids.pop(guild_id, None)
        raid = untold.raid
        try:
            rules = await self._guilds.get(guild_id)
            if rules.review_channel_id is None:
                return False
            if untold.card is None and not await self._claiming.first(f"raid:{guild_id}", span=RAID_OVER):
                return True  # another process has told it
            if untold.card is None:
                acting = not (rules.shadow or rules.paused)
                notice = RaidNotice(guild_id, raid.kind, raid.channel_id, raid.members, acting)
                untold.card = await self._board.show_raid(notice, channel_id=rules.review_channel_id)
            jump = f"https://discord.com/channels/{guild_id}/{untold.card.channel_id}/{untold.card.message_id}"
            alert = Alert(guild_id, "raid", jump_url=jump, members=raid.members, channel_id=raid.channel_id)
            await self._pings.send(alert)
        except BotError as error:
            log.warning("raid_not_told", guild_id=guild_id, why=type(error).__name__)
            self._raids.setdefault(guild_id, untold)
            return False
        return True

    async def _try_stopped(self, guild_id: int, label: str) -> bool:
        self._stopped.discard((guild_id, label))
        try:
            return await self._pings.send(Alert(guild_id, "label_stopped", label=label, members=FAULT_MEMBERS))
        except BotError as error:
            log.warning("stop_not_told", guild_id=guild_id, label=label, why=type(error).__name__)
            self._stopped.add((guild_id, label))
            return False

    async def note(self, guild_id: int, step: ServerStep) -> None:
        """A line in the mod-log about what a moderator did on a raid's card; one that fails is logged."""
        rules = await self._guilds.get(guild_id)
        if rules.log_channel_id is None:
            return
        try:
            await self._board.log(step, guild_id=rules.guild_id, channel_id=rules.log_channel_id)
        except BoardUnavailable as error:
            log.warning("no_log_line", guild_id=guild_id, why=type(error).__name__)
