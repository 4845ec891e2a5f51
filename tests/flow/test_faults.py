"""A label that hits everybody is the model's fault: it stops acting, the team is told, and it can act again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.core.bursts import FAULT_MEMBERS
from bot.core.guild_rules import LabelRule
from tests.builders import GUILD, NOON
from tests.flow.brake import DELETES, ROLE, acting, fault, told, withheld_why, words, write
from tests.flow.conftest import House


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
