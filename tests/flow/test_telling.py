"""What members and the mod-log are told of what was done and taken back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.core.actions import Ban, Delete, Timeout, Warn
from bot.core.appeals import LogEntry, Notice
from bot.core.guild_rules import LabelRule
from bot.flow.ports import Outcome
from bot.flow.telling import MOST_A_MINUTE
from tests.builders import CHANNEL, GUILD, NOON, message, person
from tests.flow.conftest import House

LENA = person(50, "Lena")
LOG_CHANNEL = 901
BOTH = LabelRule(delete_at=0.5, timeout_at=0.5, timeout_seconds=60, rule_name="rule 2, be kind")


async def telling(house: House, rule: LabelRule = BOTH, **changes: Any) -> None:
    """A guild with notices and a mod-log."""
    rules = await house.rules(insult=rule)
    await house.guilds.save(
        replace(rules, **{"notices": True, "log_channel_id": LOG_CHANNEL, **changes}), by=1, at=house.clock.now()
    )


async def insulted(house: House, **options: Any) -> int:
    """A message that is acted on, and what follows from it told; its case."""
    passed = await house.moderate.handle(message("what an insult", **options))
    assert passed.case is not None
    await house.tell()
    await house.post_cards()
    return passed.case.case_id


async def test_a_member_is_told_once_what_was_done_under_which_rule_and_until_when(house: House):
    await telling(house)
    case_id = await insulted(house)
    assert house.messenger.notices == [
        Notice(
            guild_id=GUILD,
            member_id=1,
            case_id=case_id,
            channel_id=CHANNEL,
            about="acted",
            rule="rule 2, be kind",
            actions=(Timeout(60), Delete()),
            until=NOON + timedelta(seconds=60),
        )
    ]


async def test_without_a_name_of_its_own_the_rule_is_called_after_its_label(house: House):
    await telling(house, LabelRule(delete_at=0.5))
    await insulted(house)
    assert house.messenger.notices[0].rule == "Insult"


async def test_nobody_is_told_while_notices_are_off_but_the_log_has_its_line(house: House):
    await telling(house, notices=False)
    case_id = await insulted(house)
    assert house.messenger.notices == []
    assert house.board.log_lines == [LogEntry(case_id, (Timeout(60), Delete()))]


async def test_nobody_is_told_of_what_was_not_done(house: House):
    await telling(house, LabelRule(delete_at=0.5))
    house.enforcer.answers["delete"] = Outcome("refused", "the message was already gone")
    await insulted(house)
    assert (house.messenger.notices, house.board.log_lines) == ([], [])


async def test_a_warning_is_the_notice_itself_and_can_be_appealed(house: House):
    await telling(house, LabelRule(warn_at=0.5), appeals=True)
    case_id = await insulted(house)
    (notice,) = house.messenger.notices
    assert (notice.actions, notice.can_appeal) == ((Warn(),), True)
    assert (await house.case(case_id)).actions[0].state == "done"
    assert house.enforcer.performed == []


async def test_a_warning_that_cannot_be_delivered_is_recorded_as_refused(house: House):
    await telling(house, LabelRule(warn_at=0.5))
    house.messenger.answers[1] = Outcome("refused", "the author does not accept direct messages")
    case_id = await insulted(house)
    record = (await house.case(case_id)).actions[0]
    assert (record.state, record.detail) == ("refused", "the author does not accept direct messages")


async def test_who_cannot_be_told_is_named_in_the_log_and_the_deed_stands(house: House):
    await telling(house)
    house.messenger.answers[1] = Outcome("refused", "the author left the server")
    case_id = await insulted(house)
    (line,) = house.board.log_lines
    assert line.untold == "The member could not be told: the author left the server."
    assert {record.state for record in (await house.case(case_id)).actions} == {"done"}


async def test_a_moderator_reads_at_once_that_the_member_could_not_be_told(house: House):
    await telling(house, LabelRule())
    case_id = await insulted(house)
    house.messenger.answers[1] = Outcome("refused", "the author does not accept direct messages")
    reply = await house.deciding.act(guild_id=GUILD, case_id=case_id, moderator=LENA, action=Delete())
    assert "The message is deleted. The member could not be told: the author does not accept" in reply.sentence
    assert house.board.log_lines[-1].by == "Lena"


async def test_several_messages_of_one_member_make_one_notice_and_one_line(house: House):
    await telling(house, LabelRule())
    first = await insulted(house, message_id=1)
    for number in (2, 3):
        await insulted(house, message_id=number)
    await house.deciding.act(guild_id=GUILD, case_id=first, moderator=LENA, action=Delete())
    (notice,) = house.messenger.notices
    assert (notice.messages, notice.case_id) == (3, first)
    assert house.board.log_lines == [LogEntry(first, (Delete(),), messages=3, by="Lena")]


async def test_who_is_banned_is_told_before_with_the_address_for_appeals(house: House):
    await telling(house, LabelRule(), appeals=True, appeal_url="https://example.org/appeal")
    case_id = await insulted(house)
    await house.deciding.act(guild_id=GUILD, case_id=case_id, moderator=LENA, action=Ban())
    (notice,) = house.messenger.notices
    assert (notice.actions, notice.appeal_url, notice.can_appeal) == ((Ban(),), "https://example.org/appeal", False)
    assert house.board.log_lines == [LogEntry(case_id, (Ban(),), by="Lena")]


async def test_a_ban_that_was_refused_takes_its_notice_back(house: House):
    await telling(house, LabelRule())
    case_id = await insulted(house)
    house.enforcer.answers["ban"] = Outcome("refused", "the author is an administrator")
    reply = await house.deciding.act(guild_id=GUILD, case_id=case_id, moderator=LENA, action=Ban())
    assert house.messenger.notices == []
    assert "administrator" in reply.sentence


async def test_undo_tells_the_member_and_the_log(house: House):
    await telling(house, LabelRule(timeout_at=0.5))
    case_id = await insulted(house)
    await house.review.undo(guild_id=GUILD, case_id=case_id, moderator=LENA)
    notice = house.messenger.notices[-1]
    assert (notice.about, [action.kind for action in notice.actions]) == ("undone", ["timeout"])
    assert notice.rule is None
    assert (house.board.log_lines[-1].undone, house.board.log_lines[-1].by) == (True, "Lena")


async def test_its_fine_tells_a_member_whose_message_was_deleted(house: House):
    await telling(house, LabelRule(delete_at=0.5))
    case_id = await insulted(house)
    await house.review.vote(guild_id=GUILD, case_id=case_id, moderator=LENA, verdict="fine")
    assert [(notice.about, notice.actions) for notice in house.messenger.notices[1:]] == [("fine", ())]
    assert [line.undone for line in house.board.log_lines] == [False]


@pytest.mark.parametrize("verdict", ["fine", "breaks_rules", "skip"])
async def test_a_verdict_on_a_case_without_action_tells_nobody(house: House, verdict: Any):
    await telling(house, LabelRule())
    case_id = await insulted(house)
    await house.review.vote(guild_id=GUILD, case_id=case_id, moderator=LENA, verdict=verdict)
    assert (house.messenger.notices, house.board.log_lines) == ([], [])


async def test_a_raid_does_not_make_the_bot_write_to_everybody(house: House):
    await telling(house, LabelRule())
    lead = await insulted(house, message_id=1, author=person(1000))
    for number in range(2, MOST_A_MINUTE + 4):
        await insulted(house, message_id=number, author=person(1000 + number))
    reply = await house.deciding.act(guild_id=GUILD, case_id=lead, moderator=LENA, action=Delete())
    assert len(house.messenger.notices) == MOST_A_MINUTE
    assert "Not everybody was told" in reply.sentence
    house.clock.move(minutes=1)
    await house.deciding.act(guild_id=GUILD, case_id=lead, moderator=LENA, action=Timeout(600))
    assert len(house.messenger.notices) == 2 * MOST_A_MINUTE


async def test_a_broken_log_channel_stops_nothing(house: House):
    await telling(house)
    house.board.log_broken = True
    case_id = await insulted(house)
    assert {record.state for record in (await house.case(case_id)).actions} == {"done"}
    assert len(house.messenger.notices) == 1


async def test_what_a_crash_left_is_told_when_it_is_finished(house: House):
    await telling(house, LabelRule(delete_at=0.5))
    written = message("what an insult")
    passed = await house.moderate.handle(message("hello", message_id=5))
    decision = replace(passed.decision, opens="flagged", actions=(Delete(),))
    case, _ = await house.cases.open(house.moderate.new_case(written, (), decision), decision.actions)
    house.clock.move(seconds=15)
    assert await house.moderate.settle() == 1
    await house.tell()
    assert [notice.case_id for notice in house.messenger.notices] == [case.case_id]
