"""How much of a server's chat the model judges, for the doctors."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from bot.core.findings import Finding
from bot.core.languages import unread_finding
from bot.flow.ports import Clock, ModelService
from bot.store.predictions import PredictionStore
from moderation_model.errors import ModelError

LOOKED_BACK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Coverage:
    """Asks the model what it reads and the store what was left unjudged for it."""

    model: ModelService
    predictions: PredictionStore
    clock: Clock

    async def finding(self, guild_id: int) -> Finding:
        """The share of the last week's messages in a script or language that is not read; or that the model is away.

        Raises StoreUnavailable.
        """
        try:
            info = await self.model.info()
        except ModelError as error:
            fix = "Look after the model server; `candor doctor` on its machine says more."
            return Finding("model", False, str(error), fix)
        since = self.clock.now() - LOOKED_BACK
        return unread_finding(info.languages, *await self.predictions.unread_share(guild_id, since))
