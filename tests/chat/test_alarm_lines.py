"""What moderators read of raids and trouble: one line each, that names what happened and what to do."""

from __future__ import annotations

from typing import get_args

import pytest

from bot.chat.alarm_lines import alert_line
from bot.chat.doctor import inspect_guild
from bot.core.alerts import About, Alert
from tests.builders import NOON
from tests.chat.conftest import Stage, said

JUMP = "https://discord.com/channels/1/2/3"


@pytest.mark.parametrize("about", get_args(About))
def test_every_line_is_one_line_and_leaves_nothing_open(about: About) -> None:
    alert = Alert(1, about, case_id=5, jump_url=JUMP, label="insult", members=15, channel_id=2, since=NOON)
    line = alert_line(alert)
    assert "\n" not in line
    assert "None" not in line
    assert "{" not in line
    assert len(line) < 400


def test_a_stopped_label_says_how_to_look_and_how_to_let_it_act() -> None:
    line = alert_line(Alert(1, "label_stopped", label="identity_hate", members=15))
    assert "15 members who have been here for over a month" in line
    assert "`/case list label:Identity hate`" in line
    assert "`/candor resume`" in line


async def test_a_call_names_the_role_and_a_silent_line_does_not(stage: Stage) -> None:
    role = stage.guild.create_role("On call")
    await stage.env.settle()
    alert = Alert(stage.guild.id, "model_away", since=NOON)
    await stage.house.board.ping(alert, channel_id=stage.review.id, role_id=role.id)
    assert stage.card.content.startswith(f"<@&{role.id}> I cannot score messages")
    assert not stage.card.flags.suppress_notifications

    await stage.house.board.ping(alert, channel_id=stage.review.id, role_id=None, silent=True)
    assert stage.card.content.startswith("I cannot score messages")
    assert stage.card.flags.suppress_notifications


async def test_a_stopped_label_is_shown_by_the_rules_and_the_doctor_until_somebody_resumes(stage: Stage) -> None:
    await stage.rules(stopped_labels=frozenset({"insult"}))
    guild = stage.bot.get_guild(stage.guild.id)
    assert guild is not None

    async def mode() -> tuple[bool, str]:
        findings = await inspect_guild(guild, await stage.house.guilds.get(guild.id))
        return next((each.ok, each.sentence) for each in findings if each.about == "mode")

    assert await mode() == (False, "insult stopped acting after hitting many members at once.")
    shown = said(await stage.admin.slash(stage.general, "candor rules show"))
    assert "stopped, `/candor resume` lets it act" in shown

    await stage.admin.slash(stage.general, "candor resume")
    assert (await mode())[0]
    assert (await stage.house.guilds.get(guild.id)).stopped_labels == frozenset()
