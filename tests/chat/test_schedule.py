"""`/learn schedule`: shown and set in plain words, by administrators."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import discord
import pytest
from simcord.backend.errors import SetupError

from bot.core.schedules import next_due
from tests.chat.conftest import Stage, said
from tests.chat.test_learn import run


def due(stage: Stage, cron: str) -> str:
    """The next due time as Discord shows it."""
    found = next_due(cron, stage.env.now().astimezone(UTC))
    assert isinstance(found, datetime)
    return discord.utils.format_dt(found, "f")


async def test_both_schedules_are_shown_in_words_with_the_next_time(stage: Stage) -> None:
    lines = (await run(stage, "learn schedule")).splitlines()
    assert lines[0].startswith("**Learning**: Sundays at 03:00 UTC, if there are enough new labels.")
    assert lines[0].endswith(f"Next: {due(stage, '0 3 * * sun')}.")
    assert lines[1] == f"**Weekly report**: Mondays at 06:00 UTC. Next: {due(stage, '0 6 * * mon')}."
    assert "`what` and `when`" in lines[2]


async def test_one_is_changed_and_the_other_stays(stage: Stage) -> None:
    told = await run(stage, "learn schedule", what="weekly_cron", when="Fridays at 18:30")
    assert told == f"**Weekly report**: Fridays at 18:30 UTC. Next: {due(stage, '30 18 * * fri')}."
    rules = await stage.house.guilds.get(stage.guild.id)
    assert (rules.weekly_cron, rules.learn_cron) == ("30 18 * * fri", "0 3 * * sun")


async def test_none_switches_off(stage: Stage) -> None:
    assert await run(stage, "learn schedule", what="learn_cron", when="none") == (
        "**Learning**: only when `/learn run` asks for it."
    )
    assert (await stage.house.guilds.get(stage.guild.id)).learn_cron is None


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"what": "learn_cron", "when": "now and then"}, "I do not understand that schedule"),
        ({"what": "learn_cron", "when": "0 3 30 feb *"}, "would never be due"),
        ({"when": "Sundays at 3:00"}, "Say what `when` is for"),
    ],
)
async def test_nonsense_is_one_sentence_and_changes_nothing(
    stage: Stage, options: dict[str, Any], sentence: str
) -> None:
    before = await stage.house.guilds.get(stage.guild.id)
    assert sentence in await run(stage, "learn schedule", **options)
    assert await stage.house.guilds.get(stage.guild.id) == before


async def test_moderators_do_not_see_it(stage: Stage) -> None:
    with pytest.raises(SetupError, match="not visible"):
        await stage.lena.slash(stage.general, "learn schedule")


async def test_moderators_who_were_given_the_group_write_and_take_back_their_own_and_nothing_else(stage: Stage) -> None:
    commands = {command.name: command for command in await stage.bot.tree.fetch_commands()}
    stage.guild.set_command_permissions(commands["learn"], {stage.mods: True})
    for number, who in enumerate((stage.admin, stage.lena), 1):
        form = await who.slash(stage.general, "learn example")
        told = said(await who.submit_modal(form, {"text": f"you walnut of {number} trees", "labels": ["fine"]}))
        assert f"It is example {number}" in told
    assert "no example 1 of yours" in await run(stage, "learn withdraw", who=stage.lena, number=1)
    assert "Example 2 is withdrawn" in await run(stage, "learn withdraw", who=stage.lena, number=2)
    for name in ("run", "runs", "report", "rollback", "permit", "moderators", "schedule"):
        refused = await run(stage, f"learn {name}", who=stage.lena)
        assert refused == "You need the permission Manage Server for that."
