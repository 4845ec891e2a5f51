"""With `promotion = auto`: a model that could hardly be checked waits for people, and its report says one thing."""

from __future__ import annotations

import pytest

from bot.chat.learn_lines import report_parts
from bot.core.shadow import ShadowRules
from moderation_model.errors import ModelUnavailable
from tests.builders import GUILD
from tests.fake_runs import NEW, OLD
from tests.flow.conftest import House
from tests.flow.test_shadow import ADMIN, checking, say

UNANSWERED = "If nobody presses within 7 days"


def said(house: House) -> str:
    return "\n".join(report_parts(house.board.reports[-1]))


async def test_a_model_of_which_no_message_was_checked_waits_for_people(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = await checking(house, auto=True)

    async def full(version: str, *, on: bool) -> None:
        raise ModelUnavailable("no memory for it")

    monkeypatch.setattr(house.model, "set_shadow", full)
    house.model.shadow = None
    for number in range(1, 7):
        await say(house, f"line {number}", number)
    house.clock.move(hours=25)
    for _ in range(2):
        await house.learn.watch()
    assert house.model.serving == OLD
    assert "none of 6 messages were looked at" in said(house)
    assert "too little for it to serve by itself" in said(house)
    assert UNANSWERED in said(house)
    await house.retraining.use(run.run_id, guild_id=GUILD, by=ADMIN)
    assert house.model.serving == NEW


async def test_where_nobody_wrote_there_was_nothing_to_check(house: House) -> None:
    await checking(house, auto=True)
    house.clock.move(hours=25)
    await house.learn.watch()
    assert house.model.serving == NEW
    assert "There were no messages to check it on" in said(house)


@pytest.mark.parametrize("auto", [True, False])
async def test_a_report_says_one_thing_of_what_follows_without_a_press(house: House, auto: bool) -> None:
    await checking(house, auto=auto)
    assert (UNANSWERED in said(house)) is not auto
    assert ("It serves by itself once it has been checked" in said(house)) is auto


async def test_a_check_that_takes_longer_than_a_week_is_not_cut_short_by_it(house: House) -> None:
    await checking(house, rules=ShadowRules(messages=4, hours=240), auto=True)
    house.clock.move(days=8)
    await house.learn.watch()
    assert house.model.serving == OLD
    house.clock.move(days=3)
    await house.learn.watch()
    assert house.model.serving == NEW
