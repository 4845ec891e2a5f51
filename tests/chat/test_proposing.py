"""`/candor rules propose` says which limits bring about as many cards as the team reads; Apply sets them."""

from __future__ import annotations

import re

import discord
import pytest
import simcord
from simcord.backend.errors import SetupError

from bot.chat.propose_commands import TakeLimitsButton
from bot.core.guild_rules import LabelRule
from moderation_model.errors import ModelUnavailable
from moderation_model.labels import LABEL_NAMES
from tests.chat.conftest import Stage, buttons_of, said
from tests.stored_scores import loud, store_scores

PHONE = 40
"""Characters of a code block that fit a line on a phone."""


async def stored(stage: Stage, scores: list[float], **options: float) -> None:
    await store_scores(
        stage.house.db,
        scores,
        guild_id=stage.guild.id,
        channel_id=stage.general.id,
        until=stage.env.now(),
        **options,  # pyright: ignore[reportArgumentType]
    )


async def propose(stage: Stage) -> simcord.InteractionResult:
    result = await stage.admin.slash(stage.general, "candor rules propose")
    assert result.ephemeral
    return result


def shown(result: simcord.InteractionResult) -> discord.Message:
    return [each for each in [result.response, *result.followups] if each is not None][-1].message


async def test_the_table_says_limit_and_cards_now_and_then_and_apply_sets_it(stage: Stage) -> None:
    await stored(stage, loud())

    result = await propose(stage)

    told = said(result)
    assert "In the last 2 days (600 messages) about **100 cards a day** came up; your team reads 30." in told
    row = re.search(r"^insult +50 % → (\d+) % +100 → (\d+)$", told, re.MULTILINE)
    assert row is not None, told
    assert 27 <= int(row[2]) <= 30
    assert "\nthreat          50 %" in told
    assert "never raised over the model's own limit" in told
    table = told.split("```")[1].strip("\n").splitlines()
    assert max(map(len, table)) <= PHONE

    await stage.admin.click(shown(result), label="Apply")

    now = stage.env.backend.get_message(shown(result).channel.id, shown(result).id)
    assert f"insult from {row[1]} % on" in now.content
    assert now.components == []
    assert (await stage.house.guilds.get(stage.guild.id)).rule("insult").flag_at == int(row[1]) / 100
    newest = (await stage.house.guilds.changes(stage.guild.id))[0]
    assert (newest.setting, newest.by) == ("labels.insult", stage.admin.id)


async def test_nothing_changes_until_apply_is_pressed(stage: Stage) -> None:
    before = await stage.rules()
    await stored(stage, loud())
    await propose(stage)
    assert await stage.house.guilds.get(stage.guild.id) == before


async def test_about_the_right_number_of_cards_offers_no_button(stage: Stage) -> None:
    await stage.rules(cards_a_day=100)
    await stored(stage, loud())
    result = await propose(stage)
    assert "That is about right, so I propose no change." in said(result)
    assert buttons_of(shown(result)) == {}


async def test_a_quiet_server_is_told_that_no_limit_lies_under_the_models(stage: Stage) -> None:
    await stored(stage, [0.02] * 600)
    result = await propose(stage)
    assert "about **0 cards a day** came up" in said(result)
    assert "below which I propose none" in said(result)
    assert buttons_of(shown(result)) == {}


async def test_threats_alone_over_the_budget_are_not_traded_away(stage: Stage) -> None:
    await stored(stage, [0.9 if place % 3 == 0 else 0.02 for place in range(600)], label="threat")  # pyright: ignore[reportArgumentType]
    result = await propose(stage)
    assert "no limit that I would set brings fewer" in said(result)
    assert buttons_of(shown(result)) == {}


async def test_too_few_scores_are_refused_with_a_sentence(stage: Stage) -> None:
    await stored(stage, [0.9] * 100)
    assert "100 messages were scored here by the model that runs now; a proposal takes 500" in said(
        await propose(stage)
    )


async def test_a_day_that_is_not_over_is_refused_with_the_hours_left(stage: Stage) -> None:
    await stored(stage, loud(), days=0.5)
    assert said(await propose(stage)) == "A proposal takes the scores of a whole day. Ask again in 12 h."


async def test_without_a_model_server_the_refusal_says_so(stage: Stage) -> None:
    await stored(stage, loud())
    stage.house.model.down = ModelUnavailable()
    assert said(await propose(stage)) == str(ModelUnavailable())


async def test_moderators_and_members_cannot_ask(stage: Stage) -> None:
    for person in (stage.lena, stage.kai):
        with pytest.raises(SetupError):
            await person.slash(stage.general, "candor rules propose")


async def test_who_lost_manage_server_in_between_cannot_apply(stage: Stage) -> None:
    await stored(stage, loud())
    result = await propose(stage)
    admins = next(role for role in stage.guild.roles.values() if role.name == "Admins")
    stage.env.backend.remove_member_role(stage.guild.id, stage.admin.id, admins.id)

    told = said(await stage.admin.click(shown(result), label="Apply"))

    assert "You need the permission" in told
    assert (await stage.house.guilds.get(stage.guild.id)).rule("insult").flag_at is None


async def test_a_vent_channels_insults_are_not_counted(stage: Stage) -> None:
    vent = stage.guild.create_text_channel("vent")
    await stage.env.settle()
    scores = loud()
    await store_scores(stage.house.db, scores, guild_id=stage.guild.id, channel_id=vent.id, until=stage.env.now())
    assert "about **0 cards a day**" in said(await propose(stage))


async def test_a_thread_is_counted_by_the_limits_of_its_channel(stage: Stage) -> None:
    await stage.rules(channels={stage.general.id: {"insult": LabelRule(flag_at=0.98)}})
    thread = stage.env.backend.create_thread(stage.general.id, "side talk", stage.kai.id)
    await stage.env.settle()
    await store_scores(stage.house.db, loud(), guild_id=stage.guild.id, channel_id=thread.id, until=stage.env.now())
    assert "about **2.5 cards a day**" in said(await propose(stage))


def test_the_buttons_id_holds_all_labels_within_discords_limit() -> None:
    button = TakeLimitsButton(dict.fromkeys(LABEL_NAMES, 100))
    assert len(button.item.custom_id or "") <= 100
