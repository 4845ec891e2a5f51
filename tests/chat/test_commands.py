"""Slash commands and context menus: what they do, and what people without the permission see of them."""

from __future__ import annotations

import discord
import pytest
import simcord
from simcord.backend.errors import SetupError

from moderation_model.errors import ModelUnavailable
from tests.chat.conftest import Stage, buttons_of, said, text_of


async def run(stage: Stage, name: str, *, who: simcord.MemberActor | None = None, **options: object) -> str:
    """What a person is told privately after a command."""
    result = await (who or stage.admin).slash(stage.general, name, **options)
    assert result.ephemeral
    return said(result)


async def test_setup_takes_a_private_channel_and_posts_what_waited(stage: Stage) -> None:
    await stage.rules(review_channel_id=None, shadow=True)
    await stage.say("what an insult")
    assert stage.review.last_message is None

    answer = await run(stage, "candor setup", review_channel=stage.review, ping_role=stage.mods)
    await stage.post_cards()

    assert f"Review cards go to <#{stage.review.id}>" in answer
    assert "Shadow mode" in answer
    assert "case 1" in stage.card_text
    rules = await stage.house.setup.rules(stage.guild.id)
    assert (rules.review_channel_id, rules.ping_role_id) == (stage.review.id, stage.mods.id)


async def test_setup_without_a_channel_makes_a_private_one_for_moderators(stage: Stage) -> None:
    await stage.rules(review_channel_id=None)

    await run(stage, "candor setup", ping_role=stage.mods)

    made = (await stage.house.setup.rules(stage.guild.id)).review_channel_id
    assert made is not None

    def sees(member: simcord.MemberActor) -> bool:
        held = discord.Permissions(stage.env.backend.compute_permissions(stage.guild.id, member.id, made))
        return held.view_channel

    assert (sees(stage.lena), sees(stage.admin), sees(stage.kai)) == (True, True, False)


async def test_setup_keeps_the_channel_that_was_set_before(stage: Stage) -> None:
    await run(stage, "candor setup", ping_role=stage.mods)

    assert (await stage.house.setup.rules(stage.guild.id)).review_channel_id == stage.review.id


async def test_setup_refuses_a_channel_that_everybody_sees(stage: Stage) -> None:
    answer = await run(stage, "candor setup", review_channel=stage.general)

    assert answer.startswith(f"Everybody can see <#{stage.general.id}>")
    assert (await stage.house.setup.rules(stage.guild.id)).review_channel_id == stage.review.id


async def test_setup_refuses_a_channel_in_which_it_cannot_post(stage: Stage) -> None:
    me = stage.bot.get_guild(stage.guild.id)
    assert me is not None
    dumb = stage.guild.create_text_channel(
        "dumb",
        overwrites={
            stage.guild.default_role: discord.PermissionOverwrite(view_channel=False),
            stage.mods: discord.PermissionOverwrite(view_channel=True),
            me.me.top_role: discord.PermissionOverwrite(view_channel=True, send_messages=False),
        },
    )
    stage.env.backend.add_member_role(stage.guild.id, stage.admin.id, stage.mods.id)

    assert f"I lack Send Messages in <#{dumb.id}>" in await run(stage, "candor setup", review_channel=dumb)


async def test_setup_that_may_not_make_a_channel_says_what_to_do(stage: Stage) -> None:
    await stage.rules(review_channel_id=None)
    guild = stage.bot.get_guild(stage.guild.id)
    assert guild is not None
    stage.env.backend.edit_role(stage.guild.id, guild.me.top_role.id, {"permissions": 0})

    assert "needs Manage Channels" in await run(stage, "candor setup", ping_role=stage.mods)


async def test_pause_stops_every_action_and_resume_allows_them(stage: Stage) -> None:
    await stage.act_on_insults(delete_at=0.5)

    assert (await run(stage, "candor pause")).startswith("Paused.")
    await stage.say("one insult")
    assert stage.general.last_message is not None
    assert "paused: nothing done" in stage.card_text

    assert (await run(stage, "candor resume")).startswith("Resumed.")
    await stage.say("another insult")
    assert len(stage.general.history()) == 1


async def test_limit_and_mode_decide_what_is_done(stage: Stage) -> None:
    assert "insult: delete from 80 % on" in await run(
        stage, "candor rules limit", label="insult", action="delete", percent=80
    )
    await run(stage, "candor rules mode", mode="shadow")
    await stage.say("what an insult")
    assert stage.general.last_message is not None

    assert "insult may now be acted on" in await run(stage, "candor rules mode", mode="act")
    await stage.say("another insult")
    assert len(stage.general.history()) == 1
    assert "never delete" in await run(stage, "candor rules limit", label="insult", action="delete")


async def test_a_label_without_verdicts_stays_in_shadow_mode(stage: Stage) -> None:
    await run(stage, "candor rules limit", label="insult", action="delete", percent=80)
    await run(stage, "candor rules mode", mode="shadow", label="insult")
    answer = await run(stage, "candor rules mode", mode="delete", label="insult")
    assert "insult has 0 verdicts; 50 are needed" in answer


async def test_a_channel_may_have_limits_of_its_own(stage: Stage) -> None:
    answer = await run(stage, "candor rules limit", label="insult", action="delete", percent=50, channel=stage.general)
    assert f"insult in <#{stage.general.id}>: delete from 50 % on" in answer
    await stage.say("what an insult")
    assert stage.general.last_message is None
    assert f"<#{stage.general.id}> **Insult**: delete 50%" in await run(stage, "candor rules show")


async def test_a_rule_name_stands_behind_the_label(stage: Stage) -> None:
    assert "“Insult (rule 2, be kind)”" in await run(stage, "candor rules name", label="insult", rule="rule 2, be kind")
    assert "Insult (rule 2, be kind)" in await run(stage, "candor rules show")


async def test_a_keyword_opens_a_case_and_can_be_taken_off_again(stage: Stage) -> None:
    assert "The keyword is on: delete." in await run(stage, "candor rules keyword", pattern="cheap*", action="delete")
    await stage.say("get it cheaply today")
    assert stage.general.last_message is None
    assert "Keyword" in stage.card_text
    assert "cheaply" in stage.card_text
    assert "removed" in await run(stage, "candor rules keyword", pattern="cheap*", remove=True)
    assert "no such keyword" in await run(stage, "candor rules keyword", pattern="cheap*", remove=True)
    assert "regular expression" in await run(stage, "candor rules keyword", pattern="(", kind="regex")


async def test_a_word_that_is_fine_here_no_longer_counts_and_the_rest_does(stage: Stage) -> None:
    assert "fine here" in await run(stage, "candor rules fine", word="insult")
    await stage.say("what an insult")
    assert stage.review.last_message is None
    await stage.say("what an insult, a threat")
    assert stage.review.last_message is not None
    assert "counts again" in await run(stage, "candor rules fine", word="INSULT", remove=True)


async def test_a_setting_is_changed_shown_and_refused_with_one_sentence(stage: Stage) -> None:
    assert "cards_a_day is now 12" in await run(stage, "candor rules set", setting="cards_a_day", value="12")
    assert "`cards_a_day` 12" in await run(stage, "candor rules show")
    assert "takes a number from 1 to 500" in await run(stage, "candor rules set", setting="cards_a_day", value="lots")
    assert "There is no setting 'colour'" in await run(stage, "candor rules set", setting="colour", value="red")


async def test_exempt_leaves_a_role_and_a_channel_alone_and_takes_it_back(stage: Stage) -> None:
    await run(stage, "candor scope", role=stage.mods, channel=stage.general)
    rules = await stage.house.setup.rules(stage.guild.id)
    assert (rules.exempt_role_ids, rules.exempt_channel_ids) == ({stage.mods.id}, {stage.general.id})

    await run(stage, "candor scope", channel=stage.general, look=True)
    assert (await stage.house.setup.rules(stage.guild.id)).exempt_channel_ids == frozenset()


async def test_scope_without_options_lists_what_is_read(stage: Stage) -> None:
    answer = await run(stage, "candor scope")
    assert f"**Read** (1): <#{stage.general.id}>" in answer
    assert f"my own channels (1): <#{stage.review.id}>" in answer


async def test_doctor_says_that_all_is_well_or_what_to_fix(stage: Stage) -> None:
    good = await run(stage, "candor doctor")
    assert "⚠️" not in good
    assert f"Review cards go to <#{stage.review.id}>" in good

    await stage.rules(review_channel_id=None)
    assert "⚠️ There is no review channel, so no cards come. Run `/candor setup`." in await run(stage, "candor doctor")


async def test_administrators_commands_are_hidden_from_moderators(stage: Stage) -> None:
    with pytest.raises(SetupError, match="not visible"):
        await stage.lena.slash(stage.general, "candor rules mode", mode="act")


async def test_a_moderator_who_was_given_the_group_may_pause_and_nothing_else(stage: Stage) -> None:
    commands = {command.name: command for command in await stage.bot.tree.fetch_commands()}
    stage.guild.set_command_permissions(commands["candor"], {stage.mods: True})

    refused = await run(stage, "candor resume", who=stage.lena)
    assert refused == "You need the permission Manage Server for that."
    assert (await run(stage, "candor pause", who=stage.lena)).startswith("Paused.")


async def test_case_show_shows_the_card_for_reading_only(stage: Stage) -> None:
    await stage.say("what an insult")

    result = await stage.lena.slash(stage.general, "case show", case_id=1)

    assert result.response is not None
    assert result.ephemeral
    assert "Insult · case 1" in text_of(result.response.message)
    assert list(buttons_of(result.response.message)) == ["Jump ↗"]


async def test_case_why_lists_scores_words_and_what_was_done(stage: Stage) -> None:
    await stage.act_on_insults(timeout_at=0.5)
    await stage.say("what an insult")

    answer = await run(stage, "case why", who=stage.lena, case_id=1)

    assert "Why: insult 90 %, limit 50 %" in answer
    assert "Scores: toxic 1 % · severely toxic 1 % · obscene 1 % · threat 1 % · insult 90 %" in answer
    assert "Words: insult" in answer
    assert "Model test-1" in answer
    assert "Timeout 10 min: done" in answer


@pytest.mark.parametrize("command", ["case show", "case why"])
async def test_an_unknown_case_is_said_to_be_unknown(stage: Stage, command: str) -> None:
    assert await run(stage, command, who=stage.lena, case_id=99) == "There is no case 99 on this server."


async def test_case_check_says_what_would_happen_and_stores_nothing(stage: Stage) -> None:
    await stage.act_on_insults(delete_at=0.5)

    answer = await run(stage, "case check", who=stage.lena, text="such an insult")

    assert "This would open a case: flagged by its scores." in answer
    assert "It would then do: deletion." in answer
    assert "Words: insult" in answer
    assert stage.review.last_message is None
    assert await run(stage, "case check", who=stage.lena, text="hello") != answer


async def test_case_check_in_shadow_mode_says_what_is_held_back(stage: Stage) -> None:
    await stage.act_on_insults(delete_at=0.5)
    await stage.rules(shadow=True, labels=(await stage.house.setup.rules(stage.guild.id)).labels)

    answer = await run(stage, "case check", who=stage.lena, text="such an insult")

    assert "Asked for, but shadow: nothing done: deletion." in answer


async def test_a_model_that_is_away_is_said_to_be_away(stage: Stage) -> None:
    stage.house.model.down = ModelUnavailable("The model server does not answer; it is being restarted.")

    answer = await run(stage, "case check", who=stage.lena, text="hello")

    assert answer == "The model server does not answer; it is being restarted."
