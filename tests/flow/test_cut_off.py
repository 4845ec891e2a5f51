"""The database goes away after something was done to somebody and before that is written down."""

from __future__ import annotations

from bot.core.actions import Delete
from bot.core.guild_rules import LabelRule
from bot.flow.ports import Outcome
from bot.store.under_way import CLAIM
from tests.builders import GUILD, message
from tests.flow.conftest import House
from tests.unreachable import away


async def cut_off(house: House) -> None:
    """A message was deleted, and the database went away for a while before that could be written down."""
    house.stores.spool.open()
    await house.rules(insult=LabelRule(delete_at=0.5))
    house.messages.standing[1000] = message("what an insult")
    perform, cut = house.enforcer.perform, away(house.db)

    async def and_then_it_is_gone(*args: object, **kwargs: object) -> object:
        outcome = await perform(*args, **kwargs)  # type: ignore[arg-type]
        cut.__enter__()
        return outcome

    house.enforcer.perform = and_then_it_is_gone  # type: ignore[method-assign, assignment]
    assert (await house.spooling.handle(message("what an insult"))).outcome == "spooled"
    house.enforcer.perform = perform  # type: ignore[method-assign]
    cut.__exit__(None, None, None)
    unclaimed(house)
    house.enforcer.found["delete"] = Outcome("done")


def unclaimed(house: House) -> None:
    """So much time goes by that nobody holds any more what was planned."""
    house.clock.move(seconds=CLAIM.total_seconds() + 1)


async def is_done_once(house: House) -> bool:
    case = await house.cases.of_message(guild_id=GUILD, message_id=1000)
    assert case is not None
    return [record.state for record in case.actions] == ["done"] and house.enforcer.performed == [(1000, Delete())]


async def test_a_pass_that_is_cut_off_by_the_database_is_finished_once(house: House) -> None:
    await cut_off(house)
    await house.spooling.bring_back()
    await house.rescoring.rescore()
    assert await is_done_once(house)


async def test_a_database_that_goes_away_again_while_actions_are_settled_fails_no_message_that_it_took(
    house: House,
) -> None:
    await cut_off(house)
    settle, cut = house.enforcer.settle, away(house.db)

    async def and_then_it_is_gone_again(*args: object, **kwargs: object) -> object:
        cut.__enter__()
        return await settle(*args, **kwargs)  # type: ignore[arg-type]

    house.enforcer.settle = and_then_it_is_gone_again  # type: ignore[method-assign, assignment]
    (first,) = await house.stores.spool.first(9)
    await house.stores.spool.done(first.end, 1)
    house.spooling.full = True  # it answers as long as nothing is written
    assert (await house.spooling.handle(message("hello", message_id=2))).outcome == "decided"
    assert house.spooling.away_since == house.clock.now()

    house.enforcer.settle = settle  # type: ignore[method-assign]
    cut.__exit__(None, None, None)
    unclaimed(house)
    await house.spooling.bring_back()
    assert await is_done_once(house)
