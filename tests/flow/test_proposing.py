"""Limits are proposed from stored scores once there are enough of them, and set and written down when taken."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.core.proposing import Proposal
from bot.errors import BotError
from bot.flow.proposing import Proposing
from bot.store.proposing import ProposalStore
from moderation_model.errors import ModelUnavailable
from tests.builders import GUILD, message, prediction
from tests.flow.conftest import House
from tests.stored_scores import loud, store_scores


def proposing(house: House) -> Proposing:
    return Proposing(house.model, house.guilds, ProposalStore(house.db), house.clock)


async def asked(house: House) -> Proposal:
    return await proposing(house).of(guild_id=GUILD, spots={})


async def test_the_proposal_brings_about_as_many_cards_as_the_team_reads(house: House) -> None:
    await store_scores(house.db, loud())

    found = await asked(house)

    assert (found.total, found.now, found.budget) == (600, 100, 30)
    assert 27 <= found.then <= 30
    assert list(found.changes) == ["insult"]


async def test_a_smaller_budget_gives_higher_limits(house: House) -> None:
    await store_scores(house.db, loud())
    wide = (await asked(house)).changes["insult"]
    await house.guilds.save(replace(await house.rules(), cards_a_day=10), by=1, at=house.clock.now())
    assert (await asked(house)).changes["insult"] > wide


async def test_what_was_proposed_is_what_comes_once_it_is_set(house: House) -> None:
    """The same scores go through the pass at the new limit."""
    await house.rules()
    await store_scores(house.db, loud())
    found = await asked(house)
    await proposing(house).apply(guild_id=GUILD, limits=found.changes, by=7)

    flagged = 0
    for number, score in enumerate(loud()):
        text = f"line {number}"
        house.model.predictions[text] = prediction({"insult": score})
        passed = await house.moderate.handle(message(text, message_id=9000 + number, at=house.clock.now()))
        flagged += passed.case is not None

    assert flagged == found.then * found.days


async def test_messages_of_one_card_are_one_in_the_count(house: House) -> None:
    await house.rules()
    for number in range(5):
        said = message("what an insult", message_id=9000 + number, at=house.clock.now())
        await house.moderate.handle(said)
    house.clock.move(hours=30)
    await store_scores(house.db, [0.02] * 600, until=house.clock.now(), days=1.25)

    found = await asked(house)

    assert round(found.now * found.days) == 1


@pytest.mark.parametrize(
    ("messages", "days", "said"),
    [(0, 2, "0 messages were scored"), (499, 3, "499 messages"), (600, 0.5, "Ask again in 12 h")],
)
async def test_too_few_scores_are_refused_with_what_is_missing(
    house: House, messages: int, days: float, said: str
) -> None:
    if messages:
        await store_scores(house.db, [0.9] * messages, days=days)
    with pytest.raises(BotError, match=said):
        await asked(house)


async def test_scores_of_an_older_model_are_not_compared(house: House) -> None:
    await store_scores(house.db, loud(), model_version="older")
    with pytest.raises(BotError, match="by the model that runs now"):
        await asked(house)


async def test_without_a_model_server_there_is_no_proposal(house: House) -> None:
    await store_scores(house.db, loud())
    house.model.down = ModelUnavailable()
    with pytest.raises(ModelUnavailable):
        await asked(house)


async def test_taken_limits_are_set_and_written_down_with_who_took_them(house: House) -> None:
    await house.rules()

    said = await proposing(house).apply(guild_id=GUILD, limits={"insult": 72, "toxic": 97}, by=7)

    rules = await house.guilds.get(GUILD)
    assert "insult from 72 % on, toxic from 97 % on" in said
    assert (rules.rule("insult").flag_at, rules.rule("toxic").flag_at) == (0.72, 0.97)
    assert rules.rule("threat").flag_at is None
    changes = {each.setting: each for each in await house.guilds.changes(GUILD) if each.by == 7}
    assert set(changes) == {"labels.insult", "labels.toxic"}
    assert changes["labels.insult"].new["flag_at"] == 0.72


@pytest.mark.parametrize("limits", [{"nonsense": 70}, {"insult": 0}, {"insult": 101}])
async def test_what_cannot_be_set_is_refused_and_nothing_changes(house: House, limits: dict[str, int]) -> None:
    before = await house.rules()
    with pytest.raises(BotError):
        await proposing(house).apply(guild_id=GUILD, limits={"toxic": 97, **limits}, by=7)
    assert await house.guilds.get(GUILD) == before
