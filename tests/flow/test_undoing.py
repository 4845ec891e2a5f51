"""Taking back one case's timeout leaves the member what other cases gave him."""

from __future__ import annotations

import pytest

from bot.core.cases import Case
from bot.core.guild_rules import LabelRule
from bot.core.policy import Action, Timeout
from bot.flow.ports import Outcome
from tests.builders import GUILD, message, person
from tests.flow.conftest import House

LENA = person(50, "Lena")
ROGUE = person(9)


async def timed_out(house: House, seconds: int, message_id: int) -> int:
    """A case that timed the member out for so long; its number."""
    await house.rules(insult=LabelRule(timeout_at=0.5, timeout_seconds=seconds))
    said = message(f"what an insult, number {message_id}", message_id=message_id, author=ROGUE, at=house.clock.now())
    case = (await house.moderate.handle(said)).case
    assert case is not None
    assert any(record.state == "done" for record in case.actions)
    return case.case_id


async def fine(house: House, case_id: int) -> str:
    """What the moderator reads who calls the case fine."""
    reply = await house.review.vote(guild_id=GUILD, case_id=case_id, moderator=LENA, verdict="fine")
    return reply.sentence


async def two(house: House, *, first: int = 24, then: int = 48) -> tuple[int, int]:
    """Two cases of one member, three hours apart, each with a timeout of so many hours."""
    cases = [await timed_out(house, first * 3600, 1001)]
    house.clock.move(hours=3)
    cases.append(await timed_out(house, then * 3600, 1002))
    house.enforcer.performed.clear()
    return cases[0], cases[1]


async def test_the_timeout_of_another_case_stands_again(house: House) -> None:
    first, second = await two(house)
    assert f"The timeout of case {first} stands again." in await fine(house, second)
    assert house.enforcer.performed == [(1001, Timeout(24 * 3600))]
    assert "stands again" not in await fine(house, first)
    assert len(house.enforcer.performed) == 1


async def test_a_timeout_that_is_over_stays_over(house: House) -> None:
    _, second = await two(house, first=2)
    assert "stands again" not in await fine(house, second)
    assert house.enforcer.performed == []


async def test_a_timeout_that_a_person_had_lifted_before_is_not_set_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def undo(case: Case, action: Action, *, reason: str) -> Outcome:
        return Outcome("done", "There is no timeout any more.", already=True)

    _, second = await two(house)
    monkeypatch.setattr(house.enforcer, "undo", undo)
    await fine(house, second)
    assert house.enforcer.performed == []


async def test_a_timeout_that_cannot_be_set_again_is_said(house: House) -> None:
    first, second = await two(house)
    house.enforcer.answers["timeout"] = Outcome("refused", "The member has left.")
    assert f"The timeout of case {first} ended with it and cannot be set again: The member has left." in await fine(
        house, second
    )
