"""The one place through which people are called: a plain line of its own, for threats, raids and a bot in trouble.

In a guild's quiet hours nobody is called for a threat, whose card is there, and of trouble a silent line tells. A raid
calls at any hour.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

import structlog

from bot.core.alerts import Alert
from bot.core.away import late, written_at
from bot.core.cases import Case
from bot.core.digest import is_quiet
from bot.core.guild_rules import GuildRules
from bot.errors import BoardUnavailable, StoreUnavailable
from bot.flow.breaker import Breaker
from bot.flow.claiming import Claiming
from bot.flow.ports import Board, Clock
from bot.store.guilds import GuildStore

log = structlog.get_logger(__name__)

SAME_TROUBLE = timedelta(minutes=10)
"""What two processes of the bot tell within this time is the same."""


class Pings:
    """Every method raises BoardUnavailable where the line could not be posted, and StoreUnavailable."""

    def __init__(self, *, board: Board, guilds: GuildStore, breaker: Breaker, claiming: Claiming, clock: Clock) -> None:
        self._board = board
        self._claiming = claiming
        self._guilds = guilds
        self._breaker = breaker
        self._clock = clock

    async def threat(self, case: Case) -> None:
        """Call people to the case; not in quiet hours, not for each message of a raid that they know of, and not for
        what was found long after it was written.
        """
        rules = await self._guilds.get(case.guild_id)
        # The revision of a name is a number that stands for it, and no time.
        written = written_at(case.revision, case.posted_at) if case.subject == "message" else case.posted_at
        if late(found=case.opened_at, written=written, minutes=rules.act_within_minutes):
            log.info("not_called", case_id=case.case_id, why="old")
            return
        if self._breaker.belongs_to_raid(case):
            log.info("not_called", case_id=case.case_id, why="raid")
            return
        await self.send(Alert(case.guild_id, "threat", case_id=case.case_id, jump_url=case.jump_url))

    async def send(self, alert: Alert) -> bool:
        """Say it, and call people where it is worth that now; False where the guild has no channel for it yet."""
        rules = await self._guilds.get(alert.guild_id)
        if rules.review_channel_id is None:
            return False
        quiet = alert.kind != "raid" and is_quiet(rules, self._clock.now())
        if quiet and alert.kind == "threat":
            log.info("not_called", case_id=alert.case_id, why="quiet hours")
            return True
        name = f"alert:{alert.guild_id}:{alert.about}:{alert.label or ''}"
        shared = alert.kind == "trouble" and alert.about != "unrecorded"  # that one is about one message
        if shared and not await self._is_first(name):
            return True  # another process has told it
        calls = alert.calls and not quiet
        try:
            await self._say(alert, rules, role_id=rules.ping_role_id if calls else None, silent=not calls)
        except BoardUnavailable:
            if shared:
                with suppress(StoreUnavailable):  # then the claim runs out by itself
                    await self._claiming.give_back(name)
            raise
        return True

    async def _is_first(self, name: str) -> bool:
        """Whether no other process has told it; without a database nobody knows, and twice is better than never."""
        try:
            return await self._claiming.first(name, span=SAME_TROUBLE)
        except StoreUnavailable:
            return True

    async def _say(self, alert: Alert, rules: GuildRules, *, role_id: int | None, silent: bool) -> None:
        """In the review channel; that cards fail there is said in the next channel of the team that works."""
        places = [rules.review_channel_id]
        if alert.about == "cards_failing":
            places += [rules.admin_channel_id, rules.log_channel_id]
        failure: BoardUnavailable | None = None
        for channel_id in dict.fromkeys(place for place in places if place is not None):
            try:
                return await self._board.ping(alert, channel_id=channel_id, role_id=role_id, silent=silent)
            except BoardUnavailable as error:
                failure = failure or error
        assert failure is not None, "the review channel is among the places"
        raise failure
