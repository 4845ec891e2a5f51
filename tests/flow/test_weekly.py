"""The weekly report: posted once where reports go, with what happened, and not in a week with hardly a card."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.core.cases import VerdictKind, Vote
from bot.core.feedback import answers
from bot.core.guild_rules import LabelRule
from bot.errors import BoardUnavailable, TurnLost
from bot.flow.turns import Turn
from moderation_model.card_days import CardDay
from moderation_model.contract import Explanation
from moderation_model.errors import ModelUnavailable
from moderation_model.pictures import CardsPicture
from tests.builders import CHANNEL, GUILD, MODEL, message, new_case, person
from tests.fakes import PNG
from tests.flow.conftest import REVIEW_CHANNEL, House

DUE = datetime(2026, 3, 9, 6, tzinfo=UTC)
BEGIN = DUE - timedelta(days=5, hours=18)


async def confirmed() -> None:
    """The turn is still ours."""


async def lost() -> None:
    raise TurnLost


def turn(confirm=confirmed, due: datetime = DUE) -> Turn:
    return Turn(due, GUILD, confirm)


async def a_week_on_discord(house: House) -> None:
    """Twelve messages go through the pass, an hour apart from Tuesday noon: four were fine, the first stays open."""
    await house.rules(insult=LabelRule(delete_at=0.8))
    house.clock.time = BEGIN
    for number in range(12):
        said = message(
            f"what an insult, {number}", message_id=2000 + number, author=person(50 + number), at=house.clock.now()
        )
        case = (await house.moderate.handle(said)).case
        assert case is not None
        await house.post_cards()
        house.clock.move(minutes=30)
        if number:
            verdict: VerdictKind = "fine" if number < 5 else "breaks_rules"
            await house.review.vote(guild_id=GUILD, case_id=case.case_id, moderator=person(7), verdict=verdict)
        house.clock.move(minutes=30)
    house.clock.time = DUE


async def a_week(house: House, *, number: int = 12, fine: int = 0) -> None:
    """So many decided cases, `fine` of them found fine, each with the word that counted."""
    await house.rules()
    explained = Explanation("insult", ("you", "walnut"), (0.5, 1.0), -2.0, 0.9, "as_written", MODEL)
    for count in range(number):
        new = replace(new_case(message_id=2000 + count), opened_at=BEGIN + timedelta(hours=count))
        case_id = (await house.cases.open(new, ()))[0].case_id
        await house.cases.set_explanation(case_id=case_id, explanation=explained)
        verdict: VerdictKind = "fine" if count < fine else "breaks_rules"
        vote = Vote(case_id, 7, verdict, answers(verdict, new.reasons), MODEL, new.opened_at)
        await house.labels.vote(vote, scores={})
        await house.cases.close(case_id=case_id, at=new.opened_at)
    house.clock.time = DUE


async def test_the_report_says_what_happened_and_stands_in_the_reports_channel(house: House) -> None:
    await a_week_on_discord(house)
    await house.guilds.change(GUILD, lambda rules: replace(rules, reports_channel_id=77), by=1, at=DUE)
    said = await house.weekly.run(turn())
    assert said == "posted: 12 cards, 2 needs"
    ((report, channel_id, png),) = house.board.weeks
    assert (channel_id, png) == (77, PNG)
    assert report.ends == {"breaks_rules": 7, "fine": 4, "open": 1}
    assert report.overdue == 1
    assert report.precision["Insult"].right == 7
    assert report.busiest_channel == (CHANNEL, 12)
    assert report.wait.median == timedelta(minutes=30)
    assert (report.read.messages, report.read.unchecked) == (12, 0)
    assert report.harm.done == {"delete": 12}
    (picture,) = house.model.drawn
    assert isinstance(picture, CardsPicture)
    assert picture.days[1] == CardDay("Tue 3", 7, 4, 1)


async def test_without_a_channel_of_its_own_it_stands_where_the_cards_are(house: House) -> None:
    await a_week(house)
    await house.weekly.run(turn())
    assert house.board.weeks[0][1] == REVIEW_CHANNEL


async def test_a_week_with_hardly_a_card_gets_no_report(house: House) -> None:
    await a_week(house, number=9)
    assert await house.weekly.run(turn()) == "skipped: 9 cards, a report needs 10"
    assert house.board.weeks == []


async def test_the_week_ends_when_it_was_due_however_late_the_report_comes(house: House) -> None:
    await a_week(house)
    house.clock.move(days=3)
    await house.moderate.handle(message("another insult", author=person(90)))
    await house.weekly.run(turn())
    assert len(house.board.weeks[0][0].cards) == 12


async def test_a_turn_that_was_lost_posts_nothing(house: House) -> None:
    await a_week(house)
    with pytest.raises(TurnLost):
        await house.weekly.run(turn(lost))
    assert house.board.weeks == []


async def test_without_the_model_server_the_report_comes_without_its_picture(house: House) -> None:
    await a_week(house)
    house.model.down = ModelUnavailable("The model server is away.")
    await house.weekly.run(turn())
    assert house.board.weeks[0][2] is None


async def test_a_report_that_cannot_be_posted_is_left_to_the_next_attempt(house: House) -> None:
    await a_week(house)
    house.board.broken = True
    with pytest.raises(BoardUnavailable):
        await house.weekly.run(turn())


async def test_before_a_guild_is_set_up_nothing_is_reported(house: House) -> None:
    assert await house.weekly.run(turn()) == "no channel for reports"


async def test_words_that_were_wrong_are_named_until_they_are_fine_here(house: House) -> None:
    await a_week(house, fine=8)
    assert (await house.weekly.report(guild_id=GUILD, until=DUE)).words == 1
    found = await house.weekly.words(guild_id=GUILD, until=DUE)
    assert [(each.word, each.wrong, each.total) for each in found] == [("walnut", 8, 12)]
    await house.setup.fine_word(guild_id=GUILD, word="Walnut", remove=False, by=1)
    assert (await house.weekly.report(guild_id=GUILD, until=DUE)).words == 0


async def test_what_is_in_the_bots_way_needs_somebody(house: House) -> None:
    await a_week(house)
    house.board.in_trouble = ("I lack Moderate Members.",)
    await house.weekly.run(turn())
    report = house.board.weeks[0][0]
    assert (report.trouble, report.needs) == (("I lack Moderate Members.",), 1)


async def test_each_night_the_newest_verdicts_are_written_down(house: House) -> None:
    assert await house.nightly.run(turn()) == (
        "no verdict yet; no audit was answered yet; too few messages to speak of drift"
    )
    await a_week(house, fine=4)
    said = await house.nightly.run(turn())
    assert said.startswith(
        "insult 8 of 12 right, 39 to 86 %; toxic 8 of 12 right, 39 to 86 %; no audit was answered yet;"
    )
