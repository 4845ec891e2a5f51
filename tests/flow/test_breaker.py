"""The circuit breaker over real records: caps, raids, and who is told of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.core.actions import Timeout, Warn
from bot.core.bursts import RAID_MEMBERS, RAID_OVER
from bot.core.guild_rules import LabelRule
from bot.core.policy import (
    MAX_ACTIONS_A_MINUTE,
    MAX_CHANNEL_ACTIONS_A_MINUTE,
    MAX_MEMBER_ACTIONS_A_MINUTE,
    MAX_MEMBERS_A_MINUTE,
)
from moderation_model.errors import ModelUnavailable
from tests.builders import CHANNEL, GUILD, NOON, message, person
from tests.flow.brake import LINE, ROLE, acting, fault, raid, told, withheld_why, words, write
from tests.flow.conftest import REVIEW_CHANNEL, House


async def test_one_member_is_acted_on_only_so_often_a_minute(house: House) -> None:
    await acting(house)
    for number in range(MAX_MEMBER_ACTIONS_A_MINUTE + 3):
        await write(house, number, words(number), author_id=5, days=10)
    assert len(house.enforcer.performed) == MAX_MEMBER_ACTIONS_A_MINUTE
    assert "on this member within a minute" in await withheld_why(house, MAX_MEMBER_ACTIONS_A_MINUTE)

    house.clock.move(seconds=61)
    await write(house, 100, words(100), author_id=5, days=10)
    assert len(house.enforcer.performed) == MAX_MEMBER_ACTIONS_A_MINUTE + 1


async def test_one_channel_is_acted_in_only_so_often_a_minute_and_another_still_is(house: House) -> None:
    await acting(house)
    for number in range(MAX_CHANNEL_ACTIONS_A_MINUTE + 2):
        await write(house, number, words(number), author_id=5 + number % 4, days=10)
    assert len(house.enforcer.performed) == MAX_CHANNEL_ACTIONS_A_MINUTE
    assert "in this channel within a minute" in await withheld_why(house, MAX_CHANNEL_ACTIONS_A_MINUTE)
    await write(house, 100, words(100), author_id=20, days=10, channel_id=CHANNEL + 1)
    assert len(house.enforcer.performed) == MAX_CHANNEL_ACTIONS_A_MINUTE + 1


async def test_in_a_raid_every_copy_is_acted_on_and_people_are_called_once(house: House) -> None:
    await acting(house)
    members = 2 * MAX_ACTIONS_A_MINUTE
    await raid(house, members)
    await house.post_cards()

    assert len(house.enforcer.performed) == members
    assert [(alert.about, role, silent) for alert, role, silent in house.board.alerts] == [("raid", ROLE, False)]
    (notice,) = house.board.raids
    assert (notice.kind, notice.channel_id, notice.members, notice.acting) == ("copies", CHANNEL, RAID_MEMBERS, True)
    assert len(house.board.cards) == 1


async def test_in_a_raid_of_newcomers_with_their_own_words_the_rules_go_on_for_them_alone(house: House) -> None:
    await acting(house)
    newcomers = MAX_ACTIONS_A_MINUTE + 5
    for number in range(newcomers):
        await write(house, number, words(number))
    assert len(house.enforcer.performed) == newcomers
    assert [notice.kind for notice in house.board.raids] == ["newcomers"]

    await write(house, 200, words(200), days=10)
    assert "held back" in await withheld_why(house, 200)
    assert len(house.enforcer.performed) == newcomers


async def test_keywords_go_on_in_a_raid_while_the_model_is_away(house: House) -> None:
    await acting(house)
    await house.setup.keyword(guild_id=GUILD, pattern="free prize", kind="words", action="delete", remove=False, by=1)
    house.model.down = ModelUnavailable()
    await raid(house, MAX_ACTIONS_A_MINUTE + 5, text="take your free prize at our stream")
    assert len(house.enforcer.performed) == MAX_ACTIONS_A_MINUTE + 5
    assert told(house) == ["raid"]


async def test_a_raid_calls_in_quiet_hours_too(house: House) -> None:
    await acting(house, quiet_from=0, quiet_to=23)
    await raid(house)
    assert [(alert.about, role) for alert, role, _ in house.board.alerts] == [("raid", ROLE)]


async def test_in_shadow_mode_a_raid_is_told_and_nothing_is_done(house: House) -> None:
    await acting(house, shadow=True)
    await raid(house)
    assert house.enforcer.performed == []
    assert [notice.acting for notice in house.board.raids] == [False]
    assert told(house) == ["raid"]


async def test_the_next_raid_is_told_again(house: House) -> None:
    await acting(house)
    await raid(house)
    house.clock.move(minutes=5)
    await raid(house, first=100)
    assert told(house) == ["raid"]
    house.clock.move(minutes=RAID_OVER.total_seconds() / 60 + 1)
    await raid(house, first=200)
    assert told(house) == ["raid", "raid"]


async def test_a_raid_that_could_not_be_told_is_told_later_with_one_card(house: House) -> None:
    await acting(house)
    house.board.ping_broken = True
    await raid(house, RAID_MEMBERS + 3)
    assert (len(house.board.raids), told(house)) == (1, [])
    house.board.ping_broken = False
    assert await house.alarms.catch_up() == 1
    assert await house.alarms.catch_up() == 0
    assert (len(house.board.raids), told(house)) == (1, ["raid"])


async def test_a_raid_that_is_long_over_is_not_told_any_more(house: House) -> None:
    await acting(house)
    house.board.broken = True
    await raid(house)
    house.board.broken = False
    house.clock.move(hours=1)
    assert await house.alarms.catch_up() == 0
    assert house.board.raids == []


async def test_threats_of_a_raid_call_no_more_once_people_know_of_it(house: House) -> None:
    await acting(house)
    await raid(house)
    for number in range(20, 25):
        await write(house, number, f"a threat of {chr(97 + number) * 20}, an insult", days=10)
    await raid(house, 5, first=40, text=LINE + ", and a threat")
    await house.post_cards()
    called = [alert.jump_url for alert, _, _ in house.board.alerts if alert.about == "threat"]
    assert len(called) == 5
    assert len(house.board.raids) == 1


async def test_messages_that_waited_for_the_model_are_no_raid_when_they_are_scored_at_once(house: House) -> None:
    await acting(house)
    house.model.down = ModelUnavailable()
    for number in range(RAID_MEMBERS):
        house.clock.move(minutes=2)
        who = replace(person(number + 1000), joined_at=house.clock.now())
        written = message(words(number), message_id=number + 1, author=who, at=house.clock.now())
        house.messages.standing[written.message_id] = replace(written, seen_at=NOON + timedelta(hours=1))
        await house.moderate.handle(written)
    house.model.down = None
    assert await house.rescoring.rescore() == RAID_MEMBERS
    assert told(house) == []


@pytest.mark.parametrize(("hour", "called"), [(23, False), (5, False), (6, True), (21, True)])
async def test_a_threat_calls_outside_quiet_hours_and_has_its_card_at_any_hour(
    house: House, hour: int, called: bool
) -> None:
    await acting(house, quiet_from=22, quiet_to=6)
    house.clock.time = datetime.combine(NOON.date(), NOON.timetz()).replace(hour=hour)
    passed = await write(house, 1, "a threat")
    await house.post_cards()
    assert passed.case is not None
    assert [case.case_id for case in house.board.cards.values()] == [passed.case.case_id]
    assert house.board.pings == ([passed.case.case_id] if called else [])
    # What was not called for is not called for in the morning either.
    house.clock.move(hours=12)
    await house.desk.catch_up()
    await house.post_cards()
    assert len(house.board.pings) == called


async def test_without_a_review_channel_a_raid_and_a_stop_break_nothing(house: House) -> None:
    await acting(house, review_channel_id=None)
    await raid(house)
    await fault(house, first=100)
    assert (house.board.raids, house.board.alerts) == ([], [])
    assert (await house.guilds.get(GUILD)).stopped_labels == {"insult"}


async def test_the_lines_go_to_the_review_channel(house: House) -> None:
    await acting(house)
    await raid(house)
    assert house.board.alert_channels == [REVIEW_CHANNEL]


async def test_a_message_that_is_replayed_counts_once(house: House) -> None:
    rules = await house.rules(insult=LabelRule(delete_at=0.5, timeout_at=0.5, warn_at=0.5))
    assert rules.ping_role_id is None
    first = await write(house, 1, words(1), days=100)
    again = await write(house, 1, words(1), days=100)
    assert (first.outcome, again.outcome) == ("decided", "replayed")
    kinds = [action for _, action in house.enforcer.performed]
    assert (len(kinds), Warn() in kinds, Timeout(600) in kinds) == (3, True, True)


def test_the_caps_let_a_raid_be_seen_first() -> None:
    assert RAID_MEMBERS < MAX_MEMBERS_A_MINUTE
    assert RAID_MEMBERS < MAX_CHANNEL_ACTIONS_A_MINUTE < MAX_ACTIONS_A_MINUTE
