"""What-if: what a limit would have done in the last days, as a sentence and as a picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from bot.core.changing import LimitKind
from bot.errors import BotError
from bot.flow.guild_setup import check_label
from bot.flow.ports import Clock, ModelService
from bot.store.replaying import ReplayStore
from bot.store.stats import Span
from moderation_model.errors import ModelError
from moderation_model.labels import label as spec_of
from moderation_model.pictures import Hits, PreviewPicture, alt, counted

MOST_DAYS = 90
DONE: dict[LimitKind, str] = {
    "flag": "flagged",
    "delete": "deleted",
    "timeout": "timed out the authors of",
    "warn": "warned for",
}


@dataclass(frozen=True, slots=True)
class Previewed:
    """The answer. `png` is None where the model server could not draw; `words`: what the picture shows."""

    sentence: str
    png: bytes | None
    words: str


@dataclass(frozen=True, slots=True)
class Preview:
    """Replays stored scores; changes nothing."""

    model: ModelService
    replay: ReplayStore
    clock: Clock

    async def of(
        self, *, guild_id: int, label: str, percent: int, action: LimitKind, days: int, channels: Mapping[int, str]
    ) -> Previewed:
        """What `label` from `percent` on would have hit. `channels`: their names by id, for the picture.

        Raises BotError for what cannot be asked, StoreUnavailable.
        """
        check_label(label)
        if not 1 <= percent <= 100:
            raise BotError("A limit is a percentage from 1 to 100.")
        if not 1 <= days <= MOST_DAYS:
            raise BotError(f"A preview looks back 1 to {MOST_DAYS} days.")
        now = self.clock.now()
        # A second more, so that what was scored just now counts.
        span = Span(guild_id, now - timedelta(days=days), now + timedelta(seconds=1))
        found = await self.replay.hits(span, label=label, limit=percent / 100)
        hits = [
            Hits(f"#{channels.get(each.channel_id, 'deleted-channel')}", each.right, each.wrong, each.unknown)
            for each in found
        ]
        title = spec_of(label).title
        picture = PreviewPicture.of(title, limit=percent / 100, action=action, days=days, channels=hits)
        most = f"<#{found[0].channel_id}>" if found else None
        sentence = _sentence(picture, percent=percent, done=DONE[action], most=most)
        try:
            return Previewed(sentence, await self.model.picture(picture), alt(picture))
        except ModelError:
            return Previewed(f"{sentence}\nThere is no picture: the model server did not answer.", None, alt(picture))


def _sentence(picture: PreviewPicture, *, percent: int, done: str, most: str | None) -> str:
    whole = picture.whole
    start, period = f"At {percent} % {picture.label.lower()} would have {done}", counted(picture.days, "day")
    if most is None:
        return f"{start} no message in {period}."
    split = f"{whole.right:,} right, {whole.wrong:,} wrong, {whole.unknown:,} never looked at"
    return f"{start} {counted(whole.total, 'message')} in {period}: {split}; most in {most}."
