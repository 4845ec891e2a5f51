"""A preview says what a limit would have done, and changes nothing."""

from __future__ import annotations

import pytest

from bot.core.changing import LimitKind
from bot.errors import BotError
from bot.flow.preview import Preview, Previewed
from bot.store.replaying import ReplayStore
from tests.builders import CHANNEL, GUILD, message, prediction
from tests.fakes import PNG
from tests.flow.conftest import House


async def asked(
    house: House, *, label: str = "insult", percent: int = 85, action: LimitKind = "delete", days: int = 7
) -> Previewed:
    preview = Preview(house.model, ReplayStore(house.db), house.clock)
    channels = {CHANNEL: "general"}
    return await preview.of(guild_id=GUILD, label=label, percent=percent, action=action, days=days, channels=channels)


async def test_the_sentence_counts_what_would_have_been_hit(house: House) -> None:
    for number, score in enumerate((0.9, 0.86, 0.5), start=1):
        said = message(message_id=number)
        await house.predictions.record(said, [prediction({"insult": score})], at=house.clock.now())

    found = await asked(house)

    assert found.sentence == (
        "At 85 % insult would have deleted 2 messages in 7 days: "
        f"0 right, 0 wrong, 2 never looked at; most in <#{CHANNEL}>."
    )
    assert found.png == PNG
    assert "#general 2" in found.words


async def test_nothing_hit_is_said(house: House) -> None:
    assert (await asked(house, action="flag")).sentence == "At 85 % insult would have flagged no message in 7 days."


@pytest.mark.parametrize("wrong", [{"percent": 0}, {"percent": 101}, {"days": 0}, {"label": "nonsense"}])
async def test_what_cannot_be_asked_is_refused(house: House, wrong: dict[str, int]) -> None:
    with pytest.raises(BotError):
        await asked(house, **wrong)  # pyright: ignore[reportArgumentType]
