"""The use cases as one bundle: what Discord's side of the bot may call."""

from __future__ import annotations

from dataclasses import dataclass

from bot.flow.audit import Audit
from bot.flow.coverage import Coverage
from bot.flow.deciding import Deciding
from bot.flow.guild_setup import GuildSetup
from bot.flow.moderate import Moderate
from bot.flow.review import Review


@dataclass(frozen=True, slots=True)
class Flows:
    """Built once by `bot.app`, given to the chat client before it connects."""

    moderate: Moderate
    review: Review
    deciding: Deciding
    setup: GuildSetup
    audit: Audit
    coverage: Coverage
