"""What moderators do about a case beside judging it: the rows that are written, and what the card then says."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.actions import Ban
from bot.core.guild_rules import GuildRules, LabelRule
from bot.core.policy import Delete, Timeout
from bot.errors import BotError, NotAllowed
from bot.flow.deciding import LONGEST_NOTE
from bot.flow.ports import Outcome
from tests.builders import GUILD, message, person
from tests.flow.conftest import House

LENA = person(50, "Lena")
PRIYA = person(51, "Priya")
HOUR = Timeout(3600)


async def flagged(house: House, *, message_id: int = 1000, author: int = 1) -> int:
    passed = await house.moderate.handle(message("what an insult", message_id=message_id, author=person(author)))
    assert passed.case is not None
    await house.post_cards()
    return passed.case.case_id


async def test_an_action_is_done_written_down_with_who_asked_and_counts_as_a_verdict(house: House):
    await house.shadow()
    case_id = await flagged(house)
    reply = await house.deciding.act(guild_id=GUILD, case_id=case_id, moderator=LENA, action=Delete())
    case = await house.case(case_id)
    assert house.enforcer.performed == [(1000, Delete())]
    assert [(each.action, each.state, each.by) for each in case.actions] == [(Delete(), "done", 50)]
    assert (case.state, case.votes[0].verdict) == ("closed", "breaks_rules")
    assert reply.sentence == "The message is deleted. Recorded: it breaks the rules."


async def test_what_was_possible_for_nobody_is_recorded_and_changes_nothing_else(house: House):
    await house.shadow()
    case_id = await flagged(house)
    house.enforcer.answers["timeout"] = Outcome("refused", "the author left the server")
    reply = await house.deciding.act(guild_id=GUILD, case_id=case_id, moderator=LENA, action=HOUR)
    case = await house.case(case_id)
    assert (case.state, case.votes) == ("open", ())
    assert [(each.state, each.detail) for each in case.actions] == [("refused", "the author left the server")]
    assert reply.sentence == "The timeout was not possible: the author left the server."


async def test_a_refused_action_can_be_asked_for_again(house: House):
    await house.shadow()
    case_id = await flagged(house)
    house.enforcer.answers["delete"] = Outcome("failed", "Discord did not answer (503)")
    await house.deciding.act(guild_id=GUILD, case_id=case_id, moderator=LENA, action=Delete())
    house.enforcer.answers.clear()
    reply = await house.deciding.act(guild_id=GUILD, case_id=case_id, moderator=LENA, action=Delete())
    assert reply.sentence.startswith("The message is deleted.")
    assert [record.state for record in (await house.case(case_id)).actions] == ["failed", "done"]


async def test_what_somebody_else_did_before_closes_the_case_too(house: House):
    await house.shadow()
    case_id = await flagged(house)
    house.enforcer.answers["delete"] = Outcome("refused", "the message was already gone", already=True)
    reply = await house.deciding.act(guild_id=GUILD, case_id=case_id, moderator=LENA, action=Delete())
    assert (await house.case(case_id)).state == "closed"
    assert reply.sentence == (
        "The deletion was not possible: the message was already gone. Recorded: it breaks the rules."
    )


async def test_a_raid_is_deleted_whole_each_author_timed_out_once_and_one_banned(house: House):
    await house.shadow()
    lead = await flagged(house, message_id=1, author=1)
    for number, author in ((2, 2), (3, 2), (4, 1)):
        await flagged(house, message_id=number, author=author)
    await house.deciding.act(guild_id=GUILD, case_id=lead, moderator=LENA, action=HOUR)
    await house.review.undo(guild_id=GUILD, case_id=lead, moderator=LENA)
    assert sorted(message_id for message_id, _ in house.enforcer.performed) in ([1, 2], [1, 3])
    house.enforcer.performed.clear()
    await house.deciding.act(guild_id=GUILD, case_id=lead, moderator=LENA, action=Delete())
    assert {message_id for message_id, _ in house.enforcer.performed} == {1, 2, 3, 4}
    house.enforcer.performed.clear()
    await house.deciding.act(guild_id=GUILD, case_id=lead, moderator=LENA, action=Ban())
    assert house.enforcer.performed == [(1, Ban())]


async def test_part_of_a_raid_that_could_not_be_deleted_is_counted(house: House):
    await house.shadow()
    lead = await flagged(house, message_id=1)
    await flagged(house, message_id=2)
    await house.deciding.act(guild_id=GUILD, case_id=lead, moderator=LENA, action=HOUR)
    again = await house.deciding.act(guild_id=GUILD, case_id=lead, moderator=LENA, action=HOUR)
    assert again.sentence == "That was done already."


async def test_nobody_acts_on_asks_about_or_notes_a_case_about_himself(house: House):
    await house.shadow()
    case_id = await flagged(house)
    kai = person(1)
    with pytest.raises(NotAllowed):
        await house.deciding.act(guild_id=GUILD, case_id=case_id, moderator=kai, action=Delete())
    with pytest.raises(NotAllowed):
        await house.deciding.second_opinion(guild_id=GUILD, case_id=case_id, moderator=kai, verdict="fine")
    with pytest.raises(NotAllowed):
        await house.deciding.note(guild_id=GUILD, case_id=case_id, moderator=kai, text="that was a joke")
    case = await house.case(case_id)
    assert (case.state, case.votes, case.actions, case.notes) == ("open", (), (), ())


async def test_a_second_opinion_keeps_the_first_answer_until_another_decides(house: House):
    await house.shadow()
    case_id = await flagged(house)
    await house.deciding.second_opinion(guild_id=GUILD, case_id=case_id, moderator=LENA, verdict="breaks_rules")
    case = await house.case(case_id)
    assert (case.state, case.second_opinion_by) == ("open", 50)
    await house.review.vote(guild_id=GUILD, case_id=case_id, moderator=PRIYA, verdict="fine")
    case = await house.case(case_id)
    assert (case.state, case.second_opinion_by) == ("closed", None)
    assert {vote.moderator_id: vote.verdict for vote in case.votes} == {50: "breaks_rules", 51: "fine"}
    with pytest.raises(NotAllowed, match="already decided"):
        await house.deciding.second_opinion(guild_id=GUILD, case_id=case_id, moderator=LENA, verdict="fine")


async def test_an_answer_that_waits_for_a_second_one_confirms_nothing_about_the_member(house: House):
    await house.shadow()
    first = await flagged(house, message_id=1)
    await house.deciding.second_opinion(guild_id=GUILD, case_id=first, moderator=LENA, verdict="breaks_rules")
    house.clock.move(hours=1)
    second = await flagged(house, message_id=2)
    assert house.board.backgrounds[second].confirmed == 0
    await house.review.vote(guild_id=GUILD, case_id=first, moderator=PRIYA, verdict="breaks_rules")
    await house.desk.refresh(guild_id=GUILD, case_id=second)
    background = house.board.backgrounds[second]
    assert (background.confirmed, background.newest_confirmed) == (1, first)


async def test_the_card_learns_the_guilds_names_of_its_rules_and_how_far_back_it_looks(house: House):
    await house.rules(insult=LabelRule(rule_name="rule 2"))
    rules: GuildRules = await house.guilds.get(GUILD)
    await house.guilds.save(replace(rules, escalation_days=30), by=1, at=house.clock.now())
    first = await flagged(house, message_id=1)
    await house.review.vote(guild_id=GUILD, case_id=first, moderator=LENA, verdict="breaks_rules")
    house.clock.move(days=31)
    background = house.board.backgrounds[await flagged(house, message_id=2)]
    assert background.titles == {"insult": "Insult (rule 2)"}
    assert (background.confirmed, background.confirmed_days) == (0, 30)


async def test_a_note_stands_on_the_card_once_and_has_bounds(house: House):
    await house.shadow()
    case_id = await flagged(house)
    for said in ("The note is on the card.", "That note is on the card already."):
        reply = await house.deciding.note(guild_id=GUILD, case_id=case_id, moderator=LENA, text=" seen before ")
        assert reply.sentence == said
    (card,) = house.board.cards.values()
    assert [(note.moderator_id, note.text) for note in card.notes] == [(50, "seen before")]
    for text in ("   ", "x" * (LONGEST_NOTE + 1)):
        with pytest.raises(BotError):
            await house.deciding.note(guild_id=GUILD, case_id=case_id, moderator=LENA, text=text)


async def test_a_case_whose_text_expired_is_changed_no_more(house: House):
    await house.shadow()
    case_id = await flagged(house)
    await house.review.vote(guild_id=GUILD, case_id=case_id, moderator=LENA, verdict="skip")
    await house.cases.expire_texts(house.clock.now() + timedelta(days=31), 10)
    with pytest.raises(NotAllowed, match="no longer kept"):
        await house.review.undo(guild_id=GUILD, case_id=case_id, moderator=LENA)
    with pytest.raises(NotAllowed, match="no longer kept"):
        await house.deciding.act(guild_id=GUILD, case_id=case_id, moderator=LENA, action=Delete())
    assert (await house.case(case_id)).state == "closed"


async def test_the_answered_message_comes_to_the_card(house: House):
    await house.shadow()
    answered = replace(message("what an insult"), reply_to=("Priya", "anyone up for co-op?"))
    await house.moderate.handle(answered)
    await house.post_cards()
    (card,) = house.board.cards.values()
    assert card.reply_to == ("Priya", "anyone up for co-op?")
