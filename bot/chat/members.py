"""Members of whom the bot heard lately, so that it does not ask Discord for them again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import monotonic

import discord

from bot.chat.messages import member_of

MOST_MEMBERS = 10_000
AT_ONCE = 100
"""Members that Discord tells of in one answer; a page of messages has no more authors."""

Heard = tuple[float, discord.Member | None]
"""When the bot heard of somebody, and the member; None for who is not on the server."""


class Members:
    """One for a bot. `now` gives seconds. Both raise what discord.py raises when Discord fails."""

    def __init__(self, *, now: Callable[[], float] = monotonic) -> None:
        self._now = now
        self._heard: dict[tuple[int, int], Heard] = {}

    async def of(
        self, guild: discord.Guild, messages: Sequence[discord.Message], *, within: float, fewest: int = 1
    ) -> dict[int, discord.Member | None]:
        """The members who wrote these messages, by their id; None for who left.

        Those of whom the bot did not hear within so many seconds are asked for at once, through the gateway: one by one
        they cost a call each, of which Discord allows a server few. Fewer than `fewest` of them are left out instead.
        """
        now = self._now()
        people = {each.author.id for each in messages if each.webhook_id is None and not each.author.bot}
        found = {person: heard[1] for person in people if (heard := self._lately(guild, person, now - within))}
        unknown = sorted(people - found.keys())
        if len(unknown) >= fewest:
            # By itself discord.py asks for five members at most, and who is not told of would pass for gone.
            answer = await guild.query_members(user_ids=unknown, limit=AT_ONCE, cache=False)
            told = {each.id: each for each in answer}
            for person in unknown:
                found[person] = self._keep(guild, person, now, told.get(person))
        return found

    async def one(self, guild: discord.Guild, user_id: int, *, within: float) -> discord.Member | None:
        """One member, None if not on the server; asked for over REST if not heard of within so many seconds."""
        now = self._now()
        if heard := self._lately(guild, user_id, now - within):
            return heard[1]
        return self._keep(guild, user_id, now, await member_of(guild, user_id))

    def _lately(self, guild: discord.Guild, user_id: int, since: float) -> Heard | None:
        heard = self._heard.get((guild.id, user_id))
        return heard if heard is not None and heard[0] > since else None

    def _keep(
        self, guild: discord.Guild, user_id: int, now: float, member: discord.Member | None
    ) -> discord.Member | None:
        self._heard.pop((guild.id, user_id), None)  # so that those heard of first stand first
        self._heard[guild.id, user_id] = now, member
        while len(self._heard) > MOST_MEMBERS:
            del self._heard[next(iter(self._heard))]
        return member
