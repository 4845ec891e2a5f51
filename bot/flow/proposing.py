"""Limits are proposed so that about as many cards come as the team reads, and set once somebody says so."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.core.guild_rules import GuildRules
from bot.core.proposing import Proposal, Seen, Spot, lowest_limits, propose
from bot.errors import BotError
from bot.flow.guild_setup import check_label
from bot.flow.ports import Clock, ModelService
from bot.store.guilds import GuildStore
from bot.store.proposing import ProposalStore, Stored
from bot.store.stats import Span
from moderation_model.labels import label as spec_of

LOOK_BACK = timedelta(days=7)
"""Every day of the week once."""

LEAST_MESSAGES, LEAST_TIME = 500, timedelta(days=1)
"""What a proposal is made from at least: less says little of how many cards a day come."""


@dataclass(frozen=True, slots=True)
class Proposing:
    """Proposes limits, and sets those that somebody took. Methods raise StoreUnavailable."""

    model: ModelService
    guilds: GuildStore
    store: ProposalStore
    clock: Clock

    async def of(self, *, guild_id: int, spots: Mapping[int, Spot]) -> Proposal:
        """What would bring about the guild's `cards_a_day`, from the scores of the last week. `spots`: its channels.

        Raises BotError where there are too few scores, ModelError where the model server does not say its own limits.
        """
        info = await self.model.info()
        rules = await self.guilds.get(guild_id)
        now = self.clock.now()
        # A second more, so that what was scored just now counts.
        span = Span(guild_id, now - LOOK_BACK, now + timedelta(seconds=1))
        stored = await self.store.stored(span, model_version=info.version)
        since = _enough(stored, now)
        span = replace(span, since=since)
        seen = Seen(
            days=(now - since) / timedelta(days=1),
            total=stored.total,
            messages=await self.store.messages(
                span, model_version=info.version, lowest=lowest_limits(rules, info.thresholds)
            ),
            others=await self.store.others(span),
        )
        # A loud week is a hundred thousand scores: nobody's message waits for them to be counted.
        return await asyncio.to_thread(propose, seen, rules, info.thresholds, spots)

    async def apply(self, *, guild_id: int, limits: Mapping[str, int], by: int) -> str:
        """Flag each label from that percentage on, on the whole server; the sentence for who asked. Raises BotError."""
        for name, percent in limits.items():
            check_label(name)
            if not 1 <= percent <= 100:
                raise BotError("A limit is a percentage from 1 to 100.")

        def change(rules: GuildRules) -> GuildRules:
            flagged = {name: replace(rules.rule(name), flag_at=percent / 100) for name, percent in limits.items()}
            return replace(rules, labels={**rules.labels, **flagged})

        await self.guilds.change(guild_id, change, by=by, at=self.clock.now())
        said = ", ".join(f"{spec_of(name).title.lower()} from {percent} % on" for name, percent in limits.items())
        return f"Flagged from now on: {said}. `/candor rules limit` changes one of them again."


def _enough(stored: Stored, now: datetime) -> datetime:
    """When the scores begin. Raises BotError where they are too few or too young."""
    if stored.first is None or stored.total < LEAST_MESSAGES:
        raise BotError(
            f"{stored.total} messages were scored here by the model that runs now; a proposal takes {LEAST_MESSAGES}. "
            "Ask again when more was written."
        )
    if now - stored.first < LEAST_TIME:
        hours = -(-(LEAST_TIME - (now - stored.first)) // timedelta(hours=1))
        raise BotError(f"A proposal takes the scores of a whole day. Ask again in {hours} h.")
    return stored.first
