"""The circuit breaker over real records: caps, raids, a label at fault, and who is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.core.actions import Timeout, Warn
from bot.core.bursts import FAULT_MEMBERS, RAID_MEMBERS, RAID_OVER
from bot.core.guild_rules import GuildRules, LabelRule
from bot.core.policy import (
    MAX_ACTIONS_A_MINUTE,
    MAX_CHANNEL_ACTIONS_A_MINUTE,
    MAX_MEMBER_ACTIONS_A_MINUTE,
    MAX_MEMBERS_A_MINUTE,
)
from bot.flow.moderate import Passed
from moderation_model.errors import ModelUnavailable
from tests.builders import CHANNEL, GUILD, NOON, message, person
from tests.flow.conftest import REVIEW_CHANNEL, House

LINE = "an insult for all of you on this server"
DELETES = LabelRule(delete_at=0.5)
ROLE = 77
DAYS = timedelta(days=1)


def words(number: int) -> str:
    """An insult like no other number's."""
    return f"insult {chr(97 + number % 26) * 20}{number}"


async def write(
    house: House, number: int, text: str, *, days: float = 0, author_id: int | None = None, channel_id: int = CHANNEL
) -> Passed:
    """A message by a member who joined so many days ago; by member `number` unless `author_id` says whose."""
    who = replace(person(author_id or number + 1000, f"M{number}"), joined_at=house.clock.now() - days * DAYS)
    written = message(text, message_id=number + 1, author=who, channel_id=channel_id, at=house.clock.now())
    return await house.moderate.handle(written)


async def acting(house: House, **changes: object) -> GuildRules:
    """Insults are deleted, and a role is called."""
    rules = await house.rules(insult=DELETES)
    changed = replace(rules, ping_role_id=ROLE, cards_a_day=500, **changes)  # pyright: ignore[reportArgumentType]
    await house.guilds.save(changed, by=1, at=house.clock.now())
    return changed


async def raid(house: House, members: int = RAID_MEMBERS, *, first: int = 0, text: str = LINE) -> list[Passed]:
    return [await write(house, first + number, text) for number in range(members)]


def told(house: House) -> list[str]:
    return [alert.about for alert, _, _ in house.board.alerts]


async def withheld_why(house: House, number: int) -> str:
    case = await house.cases.of_message(guild_id=GUILD, message_id=number + 1)
    assert case is not None
    return case.withheld_why or ""


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
        house.messages.standing[written.message_id] = written
        await house.moderate.handle(written)
    house.model.down = None
    assert await house.moderate.rescore() == RAID_MEMBERS
    assert told(house) == []


async def fault(house: House, *, first: int = 0) -> None:
    """Members of long standing are hit by one label, each with words of their own, over some minutes."""
    for number in range(FAULT_MEMBERS):
        house.clock.move(seconds=30)
        await write(house, first + number, words(first + number), days=100, channel_id=CHANNEL + number % 3)


async def test_a_label_that_hits_many_members_of_long_standing_stops_acting_and_people_are_told_once(
    house: House,
) -> None:
    await acting(house)
    await fault(house)
    assert (await house.guilds.get(GUILD)).stopped_labels == {"insult"}
    assert len(house.enforcer.performed) == FAULT_MEMBERS - 1
    assert "insult was stopped" in await withheld_why(house, FAULT_MEMBERS - 1)

    await write(house, 50, words(50), days=100)
    await write(house, 51, "another thing, toxic and an insult")
    assert len(house.enforcer.performed) == FAULT_MEMBERS - 1
    assert "insult was stopped" in await withheld_why(house, 50)
    ((alert, role, silent),) = house.board.alerts
    assert (alert.about, alert.label, alert.members, role, silent) == (
        "label_stopped", "insult", FAULT_MEMBERS, ROLE, False,
    )  # fmt: skip


async def test_the_bot_writes_down_that_it_stopped_the_label_itself(house: House) -> None:
    await acting(house)
    await fault(house)
    newest = (await house.guilds.changes(GUILD))[0]
    assert (newest.by, newest.setting, newest.old, newest.new) == (None, "stopped_labels", [], ["insult"])


async def test_other_labels_and_keywords_go_on_while_one_is_stopped(house: House) -> None:
    await acting(house)
    rules = await house.guilds.get(GUILD)
    stopped = replace(rules, stopped_labels=frozenset({"insult"}), labels={**rules.labels, "toxic": DELETES})
    await house.guilds.save(stopped, by=None, at=NOON)
    await write(house, 1, "what an insult", days=100)
    assert house.enforcer.performed == []
    await write(house, 2, "how toxic", days=100)
    assert len(house.enforcer.performed) == 1


@pytest.mark.parametrize("how", ["resume", "mode"])
async def test_a_stopped_label_acts_again_and_is_not_stopped_by_what_is_past(house: House, how: str) -> None:
    await acting(house)
    await fault(house)
    if how == "resume":
        await house.setup.resume(guild_id=GUILD, by=1)
    else:
        rules = await house.guilds.get(GUILD)
        await house.guilds.save(replace(rules, stopped_labels=frozenset()), by=1, at=NOON)
    await write(house, 60, words(60), days=100)
    assert len(house.enforcer.performed) == FAULT_MEMBERS
    assert (await house.guilds.get(GUILD)).stopped_labels == frozenset()


async def test_putting_a_stopped_label_back_into_shadow_mode_forgets_that_it_was_stopped(house: House) -> None:
    await acting(house)
    await fault(house)
    await house.setup.mode(guild_id=GUILD, label="insult", mode="shadow", by=1)
    rules = await house.guilds.get(GUILD)
    assert (rules.stopped_labels, rules.rule("insult").mode) == (frozenset(), "shadow")


async def test_many_flags_of_a_label_that_does_nothing_stop_nothing(house: House) -> None:
    await house.rules(insult=LabelRule())
    await fault(house)
    assert (await house.guilds.get(GUILD)).stopped_labels == frozenset()
    assert house.board.alerts == []


async def test_a_stop_in_quiet_hours_is_a_silent_line(house: House) -> None:
    await acting(house, quiet_from=0, quiet_to=23)
    await fault(house)
    assert [(alert.about, role, silent) for alert, role, silent in house.board.alerts] == [
        ("label_stopped", None, True)
    ]


async def test_a_stop_that_could_not_be_told_is_told_later(house: House) -> None:
    await acting(house)
    house.board.ping_broken = True
    await fault(house)
    assert told(house) == []
    house.board.ping_broken = False
    await house.alarms.catch_up()
    await house.alarms.catch_up()
    assert told(house) == ["label_stopped"]


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
