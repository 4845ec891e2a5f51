"""A few unflagged messages are put before moderators, and what they say is counted."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bot.core.audits import AuditBatch
from bot.core.guild_rules import GuildRules
from bot.core.policy import NOTHING
from bot.errors import CaseNotFound, NotAllowed
from tests.builders import GUILD, message, person, prediction
from tests.flow.conftest import House

LENA = person(7, "Lena")


async def draw_all(house: House, **rules: object) -> GuildRules:
    """From now on every unflagged message is drawn: more are asked for than a quiet guild has."""
    changed = replace(await house.rules(), **{"audit_a_day": 1000, **rules})  # pyright: ignore[reportArgumentType]
    await house.guilds.save(changed, by=1, at=house.clock.now())
    return changed


async def write(house: House, number: int, *, first: int = 1) -> None:
    for message_id in range(first, first + number):
        await house.moderate.handle(message(f"line {message_id}", message_id=message_id))


def card(house: House) -> AuditBatch:
    """The newest audit card."""
    return list(house.board.audits.values())[-1]


def lines(batch: AuditBatch) -> list[str]:
    return [draw.case.text for draw in batch.draws]


async def a_card(house: House, number: int = 3) -> AuditBatch:
    await draw_all(house)
    await write(house, number)
    await house.audit.batch(GUILD)
    return card(house)


async def answer(house: House, batch: AuditBatch, *bad: str, moderator: int = 7) -> str:
    chosen = [draw.draw_id for draw in batch.draws if draw.case.text in bad]
    return await house.audit.answer(
        guild_id=GUILD, batch_id=batch.batch_id, bad=chosen, moderator=person(moderator, "Lena")
    )


async def test_what_was_not_flagged_stands_ten_to_a_card(house: House):
    await draw_all(house)
    await write(house, 12)
    assert await house.audit.batch(GUILD) == 2
    assert [len(batch.draws) for batch in house.board.audits.values()] == [10, 2]
    assert lines(card(house)) == ["line 11", "line 12"]


async def test_a_flagged_message_is_not_drawn(house: House):
    await draw_all(house)
    await house.moderate.handle(message("what an insult"))
    assert await house.audit.batch(GUILD) == 0


async def test_a_message_that_the_model_does_not_read_is_not_drawn(house: House):
    await draw_all(house)
    house.model.predictions["unread"] = prediction(readable=False)
    await house.moderate.handle(message("unread"))
    assert await house.audit.batch(GUILD) == 0


async def test_a_replayed_message_is_drawn_once(house: House):
    await draw_all(house)
    await write(house, 1)
    await write(house, 1)
    await house.audit.batch(GUILD)
    assert lines(card(house)) == ["line 1"]


@pytest.mark.parametrize("rules", [{"audit_a_day": 0}, {"review_channel_id": None}])
async def test_nothing_is_kept_where_nobody_would_look(house: House, rules: dict[str, object]):
    await draw_all(house)
    before = await house.guilds.get(GUILD)
    await house.guilds.save(replace(before, **rules), by=1, at=house.clock.now())  # pyright: ignore[reportArgumentType]
    await write(house, 3)
    await house.guilds.save(before, by=1, at=house.clock.now())
    assert await house.audit.batch(GUILD) == 0


async def test_a_day_brings_about_as_many_lines_as_were_asked_for_half_of_them_close_to_a_limit(house: House):
    await draw_all(house, audit_a_day=40)
    day = [(message_id, prediction({"insult": 0.4 if message_id % 4 == 0 else 0.1})) for message_id in range(400)]
    for message_id, found in day:
        await house.predictions.record(message(message_id=message_id), [found], at=house.clock.now())
    house.clock.move(days=1)
    for message_id, found in day:
        await house.audit.consider(message(message_id=message_id), [found], NOTHING)
    await house.audit.batch(GUILD)
    drawn = [draw.case for batch in house.board.audits.values() for draw in batch.draws]
    close = [case for case in drawn if (case.scores or {})["insult"] == 0.4]
    # 20 of 100 and 20 of 300 are expected; which ones follows from the key, so there is room for five deviations.
    assert 2 <= len(close) <= 40
    assert 2 <= len(drawn) - len(close) <= 42
    assert {case.inclusion_probability for case in close} == {0.2}


async def test_answers_become_closed_cases_with_verdicts(house: House):
    batch = await a_card(house)
    said = await answer(house, batch, "line 2")
    cases = [await house.case(case_id) for case_id in (1, 2, 3)]
    assert [case.votes[0].verdict for case in cases] == ["fine", "breaks_rules", "fine"]
    assert {(case.opened_why, case.state, case.votes[0].moderator_id) for case in cases} == {("audit", "closed", 7)}
    assert cases[1].text == "line 2"
    assert said == "Recorded: 1 of 3 breaks the rules (case 2). Its card follows."


async def test_only_what_was_missed_gets_a_review_card(house: House):
    await answer(house, await a_card(house), "line 2")
    await house.post_cards()
    assert [case.text for case in house.board.cards.values()] == ["line 2"]


async def test_none_of_them_is_an_answer_too(house: House):
    assert await answer(house, await a_card(house)) == "Recorded: none of these lines breaks the rules. Thank you."
    assert (await house.case(3)).votes[0].verdict == "fine"


async def test_an_answered_card_shows_no_text_any_more_and_cannot_be_answered_again(house: House):
    batch = await a_card(house)
    await answer(house, batch, "line 1")
    assert (card(house).state, card(house).draws, card(house).bad_case_ids) == ("answered", (), (1,))
    with pytest.raises(NotAllowed, match="already answered"):
        await answer(house, batch, moderator=8)


async def test_two_who_answer_at_the_same_time_leave_one_verdict_a_line(house: House):
    batch = await a_card(house)
    answered = await asyncio.gather(
        answer(house, batch, "line 1"), answer(house, batch, moderator=8), return_exceptions=True
    )
    assert [isinstance(each, NotAllowed) for each in answered] == [False, True]
    assert [len((await house.case(case_id)).votes) for case_id in (1, 2, 3)] == [1, 1, 1]


async def test_nobody_judges_their_own_line(house: House):
    await draw_all(house)
    await write(house, 1)
    await house.moderate.handle(message("my own", message_id=50, author=LENA))
    await house.audit.batch(GUILD)
    with pytest.raises(NotAllowed, match="Line 2 is your own"):
        await answer(house, card(house))
    assert card(house).state == "open"
    await answer(house, card(house), moderator=8)


async def test_an_audit_of_another_server_is_unknown(house: House):
    batch = await a_card(house)
    with pytest.raises(CaseNotFound):
        await house.audit.answer(guild_id=GUILD + 1, batch_id=batch.batch_id, bad=(), moderator=LENA)


@pytest.mark.parametrize(("bad", "verdict"), [(("line 1",), "breaks_rules"), ((), "fine")])
async def test_a_line_that_a_member_reported_meanwhile_has_one_case_with_both(
    house: House, bad: tuple[str, ...], verdict: str
):
    batch = await a_card(house, 1)
    await house.reporting.report(message=message("line 1", message_id=1), reporter=person(9), reason="rude")
    await house.post_cards()
    await answer(house, batch, *bad)
    await house.post_cards()
    case = await house.case(1)
    assert (case.reports, case.state, case.votes[0].verdict) == (1, "closed", verdict)
    assert list(house.board.cards.values())[-1].votes == case.votes


async def test_what_was_decided_on_its_own_card_meanwhile_stays_decided(house: House):
    batch = await a_card(house, 2)
    await house.reporting.report(message=message("line 1", message_id=1), reporter=person(9), reason="rude")
    await house.review.vote(guild_id=GUILD, case_id=1, moderator=person(8), verdict="breaks_rules")
    await answer(house, batch)
    case = await house.case(1)
    assert [(vote.moderator_id, vote.verdict) for vote in case.votes] == [(8, "breaks_rules")]
    assert card(house).bad_case_ids == (1,)


async def test_lines_come_about_once_a_day(house: House):
    await draw_all(house)
    await write(house, 3)
    assert await house.audit.run() == 0
    house.clock.move(hours=21)
    await write(house, 2, first=10)
    assert await house.audit.run() == 1
    assert len(card(house).draws) == 5
    house.clock.move(hours=10)
    await write(house, 1, first=20)
    assert await house.audit.run() == 0


async def test_a_card_that_could_not_be_posted_comes_with_the_next_run_and_only_once(house: House):
    await draw_all(house)
    await write(house, 3)
    house.board.broken = True
    assert await house.audit.batch(GUILD) == 0
    house.board.broken = False
    assert await house.audit.run() == 1
    assert await house.audit.run() == 0


async def test_texts_that_nobody_answered_in_time_are_gone_here_and_from_the_card(house: House):
    batch = await a_card(house)
    house.clock.move(days=31)
    house.board.broken = True
    await house.audit.run()
    with pytest.raises(NotAllowed, match="kept for their time"):
        await answer(house, batch)
    house.board.broken = False
    await house.audit.run()
    assert (card(house).state, card(house).draws) == ("expired", ())


async def test_an_answer_stands_while_the_card_cannot_be_changed_and_the_card_follows(house: House):
    batch = await a_card(house)
    house.board.broken = True
    await answer(house, batch, "line 1")
    assert lines(card(house)) == ["line 1", "line 2", "line 3"]
    house.board.broken = False
    await house.audit.run()
    assert card(house).state == "answered"
