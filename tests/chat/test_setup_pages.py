"""`/candor setup`: permissions, languages and AutoMod, rule names, the sample, a line to try, and the last page."""

from __future__ import annotations

import pytest

from bot.errors import CaseNotFound
from moderation_model.errors import ModelUnavailable
from tests.chat.conftest import Stage, buttons_of, said, text_of
from tests.chat.wizard import page, rules_of, set_permissions


async def test_each_missing_permission_has_its_line_with_the_fix_until_it_is_granted(stage: Stage) -> None:
    set_permissions(stage, moderate_members=False)
    wizard = await page(stage, "permissions")
    (line,) = [each for each in wizard.text.splitlines() if each.startswith("⚠️ Moderate Members")]
    assert line.endswith("Switch it on for my role in Server Settings, Roles.")
    assert "✅ Manage Messages: to delete" in wizard.text

    set_permissions(stage, moderate_members=True)
    await wizard.press("again")

    assert "✅ Moderate Members" in wizard.text


async def test_the_languages_and_automods_rules_are_told(stage: Stage) -> None:
    set_permissions(stage, manage_guild=True)
    body = {"name": "spam", "event_type": 1, "trigger_type": 3, "actions": [{"type": 1}], "enabled": True}
    stage.env.backend.create_auto_mod_rule(stage.guild.id, stage.admin.id, body)

    text = (await page(stage, "reading")).text

    assert "English only" in text
    assert "✅ AutoMod's rule against spam is on." in text
    assert "⚠️ AutoMod's rule against mention spam is off." in text
    assert "⚠️ AutoMod's rule against preset words is off." in text


async def test_without_manage_server_it_says_that_automod_cannot_be_seen(stage: Stage) -> None:
    set_permissions(stage, manage_guild=False)

    assert "that needs Manage Server" in (await page(stage, "reading")).text


async def test_the_pages_go_on_while_the_model_is_away(stage: Stage) -> None:
    stage.house.model.down = ModelUnavailable("The model server does not answer.")

    assert "The model server does not answer." in (await page(stage, "reading")).text


async def test_a_label_gets_the_servers_own_rule(stage: Stage) -> None:
    wizard = await page(stage, "names")
    form = await wizard.choose("names", "insult")

    answer = said(await stage.admin.submit_modal(form, {"text": "rule 2, be kind"}))

    assert answer == "Cards and notices now say “Insult (rule 2, be kind)”."
    await stage.say("what an insult")
    assert "Insult (rule 2, be kind)" in stage.card_text


async def test_an_emptied_name_takes_the_rule_away_again(stage: Stage) -> None:
    wizard = await page(stage, "names")
    await stage.admin.submit_modal(await wizard.choose("names", "insult"), {"text": "rule 2"})
    await stage.admin.submit_modal(await wizard.choose("names", "insult"), {"text": ""})

    assert (await rules_of(stage)).rule("insult").rule_name is None


@pytest.mark.parametrize(
    ("label", "said_after"),
    [("Breaks rules", "Broke rules"), ("It's fine", "It's fine"), ("Delete", "deleted"), ("Timeout 10 min", "10 min")],
)
async def test_the_sample_card_answers_like_a_real_one_and_is_stored_nowhere(
    stage: Stage, label: str, said_after: str
) -> None:
    wizard = await page(stage, "trying")
    sample = (await wizard.press("sample")).followups[-1]
    assert sample.ephemeral
    assert "Nothing is stored" in text_of(sample.message)

    await stage.admin.click(sample.message, label=label)
    channel, number = sample.message.channel.id, sample.message.id
    pressed = next(each for each in stage.general.history(viewer=stage.admin) if each.id == number)
    assert said_after in text_of(pressed)
    assert list(buttons_of(pressed)) == ["Jump ↗", "Undo"]
    await stage.admin.click(pressed, label="Undo")

    stored = next(each for each in stage.general.history(viewer=stage.admin) if each.id == number)
    assert channel == stage.general.id
    assert "Breaks rules" in buttons_of(stored)
    assert stage.cases() == 0
    with pytest.raises(CaseNotFound):
        await stage.case(1)


async def test_staff_try_one_line_that_is_looked_at_in_shadow_and_only_one(stage: Stage) -> None:
    await stage.act_on_insults(timeout_at=0.5, delete_at=0.5)
    wizard = await page(stage, "trying")
    await stage.say("what an insult", who=stage.admin)
    assert stage.cases() == 0

    await wizard.choose("trying", stage.general)
    assert f"Your next message in <#{stage.general.id}>" in wizard.text
    await stage.say("what an insult", who=stage.admin)
    await stage.say("another insult", who=stage.admin)

    assert stage.cases() == 1
    assert "a trial: nothing done" in stage.card_text
    assert stage.timed_out_until(stage.admin) is None


async def test_a_line_written_too_late_is_no_trial(stage: Stage) -> None:
    wizard = await page(stage, "trying")
    await wizard.choose("trying", stage.general)
    await stage.env.advance_time(11 * 60)
    await stage.say("what an insult", who=stage.admin)

    assert stage.cases() == 0


async def test_a_channel_that_is_not_read_is_no_place_to_try(stage: Stage) -> None:
    quiet = stage.guild.create_text_channel("bot-commands")
    wizard = await page(stage, "trying")

    assert said(await wizard.choose("trying", quiet)).startswith(f"I do not read <#{quiet.id}>")


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"shadow": False}, "Active:"), ({"paused": True, "shadow": True}, "Paused:")],
)
async def test_the_last_page_says_what_holds(stage: Stage, changes: dict[str, bool], words: str) -> None:
    await stage.rules(**changes)

    assert words in (await page(stage, "done")).text


async def test_the_last_page_promises_no_silence_where_a_role_is_called(stage: Stage) -> None:
    await stage.rules(shadow=True, ping_role_id=stage.mods.id)

    text = (await page(stage, "done")).text

    assert f"<@&{stage.mods.id}> is pinged for threats" in text
    assert "messaged or pinged" not in text
