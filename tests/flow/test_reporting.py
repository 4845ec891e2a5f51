"""Members' reports: what becomes a case, who is told what, and where a report about staff goes."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bot.core.cases import Case
from bot.core.policy import Timeout
from bot.errors import NotAllowed
from bot.flow.reporting import About
from moderation_model.errors import ModelUnavailable
from tests.builders import GUILD, message, person
from tests.flow.conftest import REVIEW_CHANNEL, House

LENA = person(50, "Lena")
PRIYA = person(51, "Priya")
NOOR = person(52, "Noor")
ADMIN_CHANNEL = 950
STAFF = About(staff=True, owner_id=60)


async def report(house: House, *, reporter: object = PRIYA, reason: str | None = None, **options: object) -> str:
    """Somebody reports a message that the model finds nothing in, unless `text` says otherwise."""
    about = options.pop("about", None)
    text = str(options.pop("text", "subtle"))
    return await house.reporting.report(
        message=message(text, **options),  # pyright: ignore[reportArgumentType]
        reporter=reporter,  # pyright: ignore[reportArgumentType]
        reason=reason,
        about=about,  # pyright: ignore[reportArgumentType]
    )


async def case_on(house: House, message_id: int = 1000) -> Case | None:
    return await house.review.of_message(guild_id=GUILD, message_id=message_id)


async def with_admin_channel(house: House) -> None:
    rules = await house.rules()
    await house.guilds.save(replace(rules, admin_channel_id=ADMIN_CHANNEL), by=1, at=house.clock.now())


async def test_a_report_opens_a_case_with_what_the_model_says_and_the_reason(house: House):
    await house.shadow()
    assert (await report(house, reason="  mean to Sam  ")).startswith("Thank you. The moderators will look at it.")
    await house.post_cards()
    (card,) = house.board.cards.values()
    assert (card.opened_why, card.reasons, card.reports, card.report_reasons) == ("reported", (), 1, ("mean to Sam",))
    assert card.scores is not None


async def test_one_member_reports_a_message_once_and_several_are_counted(house: House):
    await house.shadow()
    await report(house)
    with pytest.raises(NotAllowed, match="already"):
        await report(house)
    await report(house, reporter=NOOR, reason="rude")
    await house.post_cards()
    (card,) = house.board.cards.values()
    assert (card.reports, card.report_reasons) == (2, ("rude",))


async def test_the_same_form_sent_twice_at_once_is_one_report(house: House):
    answers = await asyncio.gather(report(house), report(house), return_exceptions=True)
    case = await case_on(house)
    assert case is not None
    assert case.reports == 1
    assert sum(isinstance(each, str) and each.startswith("Thank you") for each in answers) == 1


async def test_a_report_is_taken_while_the_model_is_away(house: House):
    house.model.down = ModelUnavailable("away")
    await report(house)
    case = await case_on(house)
    assert case is not None
    assert case.scores is None


async def test_a_member_reports_three_messages_an_hour(house: House):
    for number in range(3):
        await report(house, message_id=number)
    with pytest.raises(NotAllowed, match="3 messages within an hour"):
        await report(house, message_id=9)
    assert await case_on(house, 9) is None
    await report(house, message_id=9, reporter=NOOR)
    house.clock.move(hours=1)
    await report(house, message_id=10)
    assert await case_on(house, 10) is not None


async def test_four_forms_sent_at_once_are_three_reports(house: House):
    numbers = range(1, 5)
    await asyncio.gather(*(report(house, message_id=number) for number in numbers), return_exceptions=True)
    found = [await case_on(house, number) for number in numbers]
    assert sum(case is not None for case in found) == 3


async def test_nobody_reports_himself(house: House):
    with pytest.raises(NotAllowed, match="your own message"):
        await report(house, author=PRIYA)
    assert await case_on(house) is None


async def test_a_report_on_a_decided_message_opens_its_case_again(house: House):
    await house.shadow()
    passed = await house.moderate.handle(message("what an insult"))
    assert passed.case is not None
    await house.review.vote(guild_id=GUILD, case_id=passed.case.case_id, moderator=LENA, verdict="skip")
    await report(house, text="what an insult")
    await house.post_cards()
    (card,) = house.board.cards.values()
    assert (card.state, card.reports) == ("open", 1)


async def test_a_report_on_an_edited_message_is_about_what_it_says_now(house: House):
    await report(house)
    await report(house, text="worse", revision=5)
    newest = await case_on(house)
    assert newest is not None
    assert (newest.revision, newest.text) == (5, "worse")


async def test_a_message_that_shares_a_card_is_reported_on_that_card(house: House):
    await house.shadow()
    for number in (1, 2):
        await house.moderate.handle(message("what an insult", message_id=number))
    await report(house, text="what an insult", message_id=2, reason="twice now")
    await house.post_cards()
    (card,) = house.board.cards.values()
    assert (card.message_id, card.reports, card.report_reasons) == (1, 1, ("twice now",))


async def test_the_case_of_a_message_that_is_gone_can_still_be_reported(house: House):
    await house.shadow()
    passed = await house.moderate.handle(message("what an insult"))
    assert passed.case is not None
    said = await house.reporting.report_case(case=passed.case, reporter=PRIYA, reason="it was meant", about=About())
    assert said.startswith("Thank you.")
    assert (await house.case(passed.case.case_id)).report_reasons == ("it was meant",)


async def test_a_report_about_staff_without_a_place_for_it_names_whom_to_ask_and_keeps_nothing(house: House):
    await house.rules()
    with pytest.raises(NotAllowed, match="write to the owner, <@60>"):
        await report(house, about=STAFF)
    with pytest.raises(NotAllowed, match="write to an administrator"):
        await report(house, about=STAFF, author=person(60, "Robin"))
    assert await case_on(house) is None
    assert await house.reports.number_by(guild_id=GUILD, reporter_id=51, since=house.clock.now()) == 0


async def test_a_report_about_staff_goes_to_the_administrators_channel(house: House):
    await with_admin_channel(house)
    said = await report(house, about=STAFF)
    await house.post_cards()
    (card,) = house.board.cards.values()
    case = await case_on(house)
    assert said.startswith("Thank you. This goes to the administrators")
    assert card.opened_why == "staff"
    assert case is not None
    assert case.card is not None
    assert case.card.channel_id == ADMIN_CHANNEL


async def test_a_case_that_moderators_had_about_one_of_them_moves_when_it_is_reported(house: House):
    await with_admin_channel(house)
    for number in (1, 2):
        await house.moderate.handle(message("what an insult", message_id=number))
    await house.post_cards()
    assert set((await cards(house)).values()) == {REVIEW_CHANNEL}
    await report(house, text="what an insult", message_id=1, about=STAFF)
    await house.post_cards()
    moved, left = await case_on(house, 1), await case_on(house, 2)
    assert moved is not None
    assert left is not None
    assert (moved.message_id, moved.opened_why, moved.reports) == (1, "staff", 1)
    assert (left.message_id, left.opened_why, left.reports) == (2, "flagged", 0)
    assert await cards(house) == {1: ADMIN_CHANNEL, 2: REVIEW_CHANNEL}
    assert len(house.board.cards) == 2


async def cards(house: House) -> dict[int, int]:
    """In which channel each card stands, by the message that it is about."""
    found = [await house.case(case.case_id) for case in house.board.cards.values()]
    return {case.message_id: case.card.channel_id for case in found if case.card is not None}


async def test_a_report_about_staff_does_not_wait_in_the_moderators_channel_when_its_place_is_gone(house: House):
    await with_admin_channel(house)
    await report(house, about=STAFF)
    await house.rules()
    await house.post_cards()
    assert house.board.cards == {}


async def test_one_reported_member_of_staff_does_not_decide_the_case(house: House):
    await with_admin_channel(house)
    await report(house, author=LENA, about=STAFF)
    case = await case_on(house)
    assert case is not None
    with pytest.raises(NotAllowed, match="own message"):
        await house.review.vote(guild_id=GUILD, case_id=case.case_id, moderator=LENA, verdict="fine")
    with pytest.raises(NotAllowed, match="own message"):
        await house.deciding.act(guild_id=GUILD, case_id=case.case_id, moderator=LENA, action=Timeout(60))


async def test_who_reported_is_known_to_whoever_may_ask(house: House):
    await report(house)
    await report(house, reporter=NOOR, reason="mean")
    case = await case_on(house)
    assert case is not None
    found = await house.reporting.reporters(case)
    assert [(each.reporter_id, each.reason) for each in found] == [(51, None), (52, "mean")]
