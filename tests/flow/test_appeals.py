"""An appeal: who may, what the moderators see, and how the answer comes back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.core.actions import Ban, Delete
from bot.core.guild_rules import LabelRule
from bot.errors import NotAllowed
from bot.flow.appeals import LONGEST_APPEAL
from bot.flow.ports import Outcome
from tests.builders import GUILD, message, person
from tests.flow.conftest import House
from tests.flow.test_telling import insulted, telling

KAI, LENA, MIA = person(1), person(50, "Lena"), person(60, "Mia")
TIMEOUT = LabelRule(timeout_at=0.5)
PLEASE = "We know each other, it was a joke."


async def appealed(house: House, case_id: int, text: str = PLEASE, **options: Any) -> str:
    said = await house.appeals.appeal(**{"guild_id": GUILD, "case_id": case_id, "member": KAI, "text": text, **options})
    await house.post_cards()
    return said


async def judged(house: House, case_id: int, verdict: Any, moderator: Any = LENA) -> str:
    reply = await house.review.vote(guild_id=GUILD, case_id=case_id, moderator=moderator, verdict=verdict)
    return reply.sentence


async def test_an_appeal_opens_a_decided_case_again_on_a_card_at_the_end_of_the_channel(house: House):
    await telling(house, TIMEOUT, appeals=True)
    case_id = await insulted(house)
    await judged(house, case_id, "breaks_rules")
    before = (await house.case(case_id)).card
    assert "their answer comes here" in await appealed(house, case_id)
    case = await house.case(case_id)
    assert (case.state, case.appeal and case.appeal.text) == ("open", PLEASE)
    assert [vote.moderator_id for vote in case.votes] == [LENA.user_id]
    assert case.card is not None
    assert case.card != before
    assert list(house.board.cards) == [case.card.message_id]


async def test_an_appeal_that_is_overturned_undoes_what_was_done_and_counts_as_fine(house: House):
    await telling(house, TIMEOUT, appeals=True)
    case_id = await insulted(house)
    await appealed(house, case_id)
    said = await judged(house, case_id, "fine", MIA)
    case = await house.case(case_id)
    assert (case.state, case.appeal and case.appeal.state) == ("closed", "overturned")
    assert case.votes[-1].labels["insult"] == "wrong"
    assert case.actions[0].state == "undone"
    assert [(notice.about, notice.member_id) for notice in house.messenger.notices[1:]] == [("overturned", 1)]
    assert "The appeal is granted. The member is told." in said


async def test_an_appeal_that_is_upheld_leaves_everything_and_counts_as_a_verdict(house: House):
    await telling(house, TIMEOUT, appeals=True)
    case_id = await insulted(house)
    await appealed(house, case_id)
    said = await judged(house, case_id, "breaks_rules")
    case = await house.case(case_id)
    assert (case.state, case.appeal and case.appeal.state) == ("closed", "upheld")
    assert case.votes[-1].labels["insult"] == "right"
    assert case.actions[0].state == "done"
    assert [notice.about for notice in house.messenger.notices[1:]] == ["upheld"]
    assert "turned down" in said


async def test_an_answer_is_told_although_notices_were_switched_off_meanwhile(house: House):
    await telling(house, TIMEOUT, appeals=True)
    case_id = await insulted(house)
    await appealed(house, case_id)
    await telling(house, TIMEOUT, notices=False)
    await judged(house, case_id, "breaks_rules")
    assert house.messenger.notices[-1].about == "upheld"


async def test_the_moderator_reads_that_a_member_who_left_could_not_be_told(house: House):
    await telling(house, TIMEOUT, appeals=True)
    case_id = await insulted(house)
    await appealed(house, case_id)
    house.messenger.answers[1] = Outcome("refused", "they are not on the server")
    said = await judged(house, case_id, "fine")
    assert "The member could not be told: they are not on the server." in said
    assert (await house.case(case_id)).state == "closed"


async def test_an_appeal_is_not_skipped(house: House):
    await telling(house, TIMEOUT, appeals=True)
    case_id = await insulted(house)
    await appealed(house, case_id)
    with pytest.raises(NotAllowed, match="cannot be skipped"):
        await judged(house, case_id, "skip")
    assert (await house.case(case_id)).state == "open"


async def test_whoever_decided_before_may_decide_again(house: House):
    await telling(house, TIMEOUT, appeals=True)
    case_id = await insulted(house)
    await judged(house, case_id, "breaks_rules")
    await appealed(house, case_id)
    await judged(house, case_id, "fine")
    case = await house.case(case_id)
    assert [(vote.moderator_id, vote.verdict) for vote in case.votes] == [(LENA.user_id, "fine")]


async def test_an_appeal_is_about_one_member_alone(house: House):
    await telling(house, TIMEOUT, appeals=True)
    mine = await insulted(house, message_id=1)
    others = await insulted(house, message_id=2, author=person(7))
    assert (await house.case(others)).lead_id == mine
    await judged(house, mine, "breaks_rules")
    await appealed(house, others, member=person(7))
    assert (await house.case(others)).lead_id is None
    await judged(house, others, "fine")
    assert (await house.case(others)).actions[0].state == "undone"
    assert (await house.case(mine)).actions[0].state == "done"
    await appealed(house, mine)
    await judged(house, mine, "fine")
    assert (await house.case(mine)).actions[0].state == "undone"


async def test_an_appeal_against_a_card_with_others_leaves_the_others_alone(house: House):
    await telling(house, TIMEOUT, appeals=True)
    mine = await insulted(house, message_id=1)
    others = await insulted(house, message_id=2, author=person(7))
    await judged(house, mine, "breaks_rules")
    await appealed(house, mine)
    await judged(house, mine, "fine")
    assert (await house.case(others)).actions[0].state == "done"
    assert [vote.verdict for vote in (await house.case(others)).votes] == ["breaks_rules"]


async def refused(house: House, case_id: int, sentence: str, **options: Any) -> None:
    with pytest.raises(NotAllowed, match=sentence):
        await appealed(house, case_id, **options)


async def test_a_case_is_appealed_once_and_says_how_it_stands(house: House):
    await telling(house, TIMEOUT, appeals=True)
    case_id = await insulted(house)
    await appealed(house, case_id)
    await refused(house, case_id, "The moderators have it")
    await judged(house, case_id, "breaks_rules")
    await refused(house, case_id, "it stays as it is")
    assert (await house.case(case_id)).state == "closed"


async def test_after_a_refused_appeal_a_member_waits_a_day(house: House):
    await telling(house, TIMEOUT, appeals=True)
    first = await insulted(house, message_id=1)
    await appealed(house, first)
    await judged(house, first, "breaks_rules")
    house.clock.move(hours=1, seconds=1)
    second = await insulted(house, message_id=2, at=house.clock.now())
    await refused(house, second, "appeal again in 23 h")
    house.clock.move(hours=23)
    await appealed(house, second)


async def test_a_granted_appeal_lets_a_member_appeal_the_next_case_at_once(house: House):
    await telling(house, TIMEOUT, appeals=True)
    first = await insulted(house, message_id=1)
    await appealed(house, first)
    await judged(house, first, "fine")
    second = await insulted(house, message_id=2)
    await appealed(house, second)


async def test_only_the_member_themself_appeals(house: House):
    await telling(house, TIMEOUT, appeals=True)
    case_id = await insulted(house)
    await refused(house, case_id, "Only the member", member=person(99))
    await refused(house, case_id, "is gone", guild_id=GUILD + 1)


async def test_without_appeals_nobody_appeals(house: House):
    await telling(house, TIMEOUT)
    await refused(house, await insulted(house), "takes no appeals here")


async def test_a_case_whose_text_is_gone_cannot_be_appealed(house: House):
    await telling(house, TIMEOUT, appeals=True)
    case_id = await insulted(house)
    await judged(house, case_id, "breaks_rules")
    await house.cases.expire_texts(house.clock.now() + timedelta(days=31), 10)
    await refused(house, case_id, "too long ago")


async def test_who_is_banned_is_sent_to_the_address_for_that(house: House):
    await telling(house, LabelRule(), appeals=True, appeal_url="https://example.org/appeal")
    case_id = await insulted(house)
    await house.deciding.act(guild_id=GUILD, case_id=case_id, moderator=LENA, action=Ban())
    await refused(house, case_id, "appeal elsewhere: https://example.org/appeal")


async def test_what_is_undone_or_fine_is_not_appealed(house: House):
    await telling(house, TIMEOUT, appeals=True)
    case_id = await insulted(house)
    await house.review.undo(guild_id=GUILD, case_id=case_id, moderator=LENA)
    await refused(house, case_id, "nothing to appeal")
    await judged(house, case_id, "fine")
    await refused(house, case_id, "find your message fine")


@pytest.mark.parametrize(("text", "sentence"), [("  \n", "empty"), ("x" * (LONGEST_APPEAL + 1), "at most 1000")])
async def test_an_empty_or_endless_appeal_is_refused(house: House, text: str, sentence: str):
    await telling(house, TIMEOUT, appeals=True)
    case_id = await insulted(house)
    await refused(house, case_id, sentence, text=text)
    assert (await house.case(case_id)).appeal is None


async def test_the_old_card_stays_where_it_cannot_be_taken_away(house: House):
    await telling(house, TIMEOUT, appeals=True)
    case_id = await insulted(house)
    before = (await house.case(case_id)).card
    house.board.broken = True
    await appealed(house, case_id)
    house.board.broken = False
    await house.desk.present(guild_id=GUILD, case_id=case_id)
    assert (await house.case(case_id)).card == before


async def test_a_moderators_action_on_an_appealed_case_is_its_answer(house: House):
    await telling(house, TIMEOUT, appeals=True)
    case_id = await insulted(house)
    await appealed(house, case_id)
    await house.deciding.act(guild_id=GUILD, case_id=case_id, moderator=LENA, action=Delete())
    case = await house.case(case_id)
    assert case.appeal is not None
    assert case.appeal.state == "upheld"


async def test_the_text_of_an_appeal_in_work_is_kept_over_its_time(house: House):
    await telling(house, TIMEOUT, appeals=True)
    case_id = await insulted(house)
    await judged(house, case_id, "breaks_rules")
    house.clock.move(days=29)
    await appealed(house, case_id)
    house.clock.move(days=5)
    assert await house.cases.expire_texts(house.clock.now(), 10) == []
    await judged(house, case_id, "breaks_rules")
    house.clock.move(days=29)
    assert await house.cases.expire_texts(house.clock.now(), 10) == []
    house.clock.move(days=2)
    assert len(await house.cases.expire_texts(house.clock.now(), 10)) == 1


async def test_a_message_without_case_needs_no_appeal(house: House):
    await telling(house, TIMEOUT, appeals=True)
    await house.moderate.handle(replace(message("hello"), message_id=3))
    await refused(house, 1, "is gone")
