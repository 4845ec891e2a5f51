"""`/candor setup` page by page, as an administrator presses through it."""

from __future__ import annotations

from typing import Any

import discord
import pytest
import simcord

from bot.chat.setup_items import page_view
from bot.chat.setup_pages import PAGES
from bot.errors import CaseNotFound
from moderation_model.errors import ModelUnavailable
from tests.chat.conftest import Stage, buttons_of, said, text_of

HIDDEN = discord.PermissionOverwrite(view_channel=False)


class Wizard:
    """The open page, and what an administrator presses on it."""

    def __init__(self, stage: Stage, page: discord.Message) -> None:
        self.stage, self.page = stage, page

    @classmethod
    async def opened(cls, stage: Stage) -> Wizard:
        result = await stage.admin.slash(stage.general, "candor setup")
        assert result.ephemeral
        messages = [each for each in [result.response, *result.followups] if each is not None]
        return cls(stage, messages[-1].message)

    @property
    def text(self) -> str:
        return self._stored.content

    @property
    def _stored(self) -> Any:
        return self.stage.env.backend.get_message(self.page.channel.id, self.page.id)

    async def press(self, verb: str) -> simcord.InteractionResult:
        return await self.stage.admin.click(self.page, custom_id=f"candor:v1:setup_{verb}")

    async def choose(self, menu: str, *values: Any) -> simcord.InteractionResult:
        return await self.stage.admin.select(self.page, values, custom_id=f"candor:v1:setup_menu_{menu}")

    def ticked(self, menu: str) -> set[int]:
        """What the menu shows as chosen already."""
        for row in self._stored.components:
            for component in row["components"]:
                if component["custom_id"] == f"candor:v1:setup_menu_{menu}":
                    return {int(each["id"]) for each in component.get("default_values", [])}
        raise AssertionError(f"there is no menu {menu!r}")

    def greyed_out(self, verb: str) -> bool:
        buttons = [each for row in self._stored.components for each in row["components"]]
        return next(bool(each.get("disabled")) for each in buttons if each["custom_id"] == f"candor:v1:setup_{verb}")


async def rules_of(stage: Stage) -> Any:
    return await stage.house.setup.rules(stage.guild.id)


def set_permissions(stage: Stage, **held: bool) -> None:
    """Give the bot's own role these permissions or take them; it is no administrator from then on."""
    guild = stage.bot.get_guild(stage.guild.id)
    assert guild is not None
    role = guild.me.top_role
    permissions = discord.Permissions(role.permissions.value)
    permissions.update(administrator=False, **held)
    stage.env.backend.edit_role(stage.guild.id, role.id, {"permissions": permissions.value})


async def test_from_the_first_page_to_shadow(stage: Stage) -> None:
    await stage.rules(review_channel_id=None, shadow=True)
    wizard = await Wizard.opened(stage)
    assert "Setup 1 of 8" in wizard.text
    assert wizard.greyed_out("to_roles")

    await wizard.choose("review", stage.review)
    assert f"Cards go to <#{stage.review.id}>" in wizard.text
    await wizard.press("to_roles")
    await wizard.press("keep")
    for page in PAGES[3:]:
        await wizard.press(f"to_{page}")
    assert "Setup 8 of 8" in wizard.text
    assert "Shadow. Nobody will be deleted, timed out, messaged or pinged." in wizard.text
    assert (await rules_of(stage)).review_channel_id == stage.review.id


async def test_every_page_can_be_left_backwards(stage: Stage) -> None:
    wizard = await Wizard.opened(stage)
    await wizard.press("to_roles")
    await wizard.press("keep")
    await wizard.press("to_roles_back")
    await wizard.press("to_channel_back")

    assert "Setup 1 of 8" in wizard.text


async def test_cards_that_waited_come_once_a_channel_is_chosen(stage: Stage) -> None:
    await stage.rules(review_channel_id=None)
    await stage.say("what an insult")
    wizard = await Wizard.opened(stage)

    await wizard.choose("review", stage.review)
    await stage.post_cards()

    assert "case 1" in stage.card_text


async def test_a_channel_that_everybody_sees_is_refused_and_nothing_changes(stage: Stage) -> None:
    wizard = await Wizard.opened(stage)

    answer = said(await wizard.choose("review", stage.general))

    assert answer.startswith(f"Everybody can see <#{stage.general.id}>")
    assert (await rules_of(stage)).review_channel_id == stage.review.id


async def test_a_channel_in_which_it_cannot_post_is_refused(stage: Stage) -> None:
    guild = stage.bot.get_guild(stage.guild.id)
    assert guild is not None
    own = discord.PermissionOverwrite(view_channel=True, send_messages=False)
    dumb = stage.guild.create_text_channel(
        "dumb",
        overwrites={
            stage.guild.default_role: HIDDEN,
            stage.mods: discord.PermissionOverwrite(view_channel=True),
            guild.me.top_role: own,
        },
    )
    stage.env.backend.add_member_role(stage.guild.id, stage.admin.id, stage.mods.id)
    wizard = await Wizard.opened(stage)

    assert f"I lack Send Messages in <#{dumb.id}>" in said(await wizard.choose("review", dumb))


async def test_a_private_channel_is_made_for_the_reviewing_roles_alone(stage: Stage) -> None:
    await stage.rules(review_channel_id=None)
    wizard = await Wizard.opened(stage)

    await wizard.press("make")

    made = (await rules_of(stage)).review_channel_id
    assert made is not None

    def sees(member: simcord.MemberActor) -> bool:
        return discord.Permissions(stage.env.backend.compute_permissions(stage.guild.id, member.id, made)).view_channel

    assert (sees(stage.lena), sees(stage.admin), sees(stage.kai)) == (True, True, False)
    assert not wizard.greyed_out("to_roles")


async def test_without_manage_channels_it_says_how_to_make_one(stage: Stage) -> None:
    await stage.rules(review_channel_id=None)
    set_permissions(stage, manage_channels=False)
    wizard = await Wizard.opened(stage)

    assert "needs Manage Channels" in said(await wizard.press("make"))


async def test_roles_with_moderate_members_are_ticked_and_kept_by_going_on(stage: Stage) -> None:
    wizard = await Wizard.opened(stage)
    await wizard.press("to_roles")
    ticked = wizard.ticked("roles")
    await wizard.press("keep")

    assert stage.mods.id in ticked
    assert (await rules_of(stage)).reviewer_role_ids == ticked
    await stage.say("what an insult", who=stage.lena)
    assert stage.cases() == 0


async def test_a_role_that_cannot_review_is_named_with_the_fix(stage: Stage) -> None:
    helpers = stage.guild.create_role("Helpers")
    wizard = await Wizard.opened(stage)
    await wizard.press("to_roles")

    await wizard.choose("roles", helpers, stage.mods)

    assert (await rules_of(stage)).reviewer_role_ids == {helpers.id, stage.mods.id}
    assert f"<@&{helpers.id}> cannot see <#{stage.review.id}>. Allow it View Channel" in wizard.text
    assert f"<@&{helpers.id}> lacks Moderate Members" in wizard.text
    assert f"<@&{stage.mods.id}> lacks" not in wizard.text


async def test_unticking_every_role_says_that_everybody_is_read(stage: Stage) -> None:
    wizard = await Wizard.opened(stage)
    await wizard.press("to_roles")
    await wizard.choose("roles")

    assert "everybody's messages are read" in wizard.text


async def test_the_scope_is_shown_and_changed_from_menus(stage: Stage) -> None:
    await stage.rules(reviewer_role_ids=frozenset({stage.mods.id}))
    quiet = stage.guild.create_text_channel("bot-commands")
    wizard = await Wizard.opened(stage)
    await wizard.press("to_roles")
    await wizard.press("to_scope")
    assert f"Left alone, bot commands by their names (1): <#{quiet.id}>" in wizard.text

    await wizard.choose("included", quiet)
    assert f"<#{stage.general.id}>, <#{quiet.id}>" in wizard.text
    await wizard.choose("exempt", quiet)

    rules = await rules_of(stage)
    assert (rules.included_channel_ids, rules.exempt_channel_ids) == (frozenset(), {quiet.id})
    assert wizard.ticked("exempt") == {quiet.id}


async def page(stage: Stage, name: str) -> Wizard:
    """The wizard on that page, whatever the way there."""
    wizard = await Wizard.opened(stage)
    await wizard.press("to_roles")
    await wizard.press("keep")
    for each in PAGES[3 : PAGES.index(name) + 1]:  # pyright: ignore[reportArgumentType]
        await wizard.press(f"to_{each}")
    return wizard


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
    stage.house.model.fails_with = ModelUnavailable("The model server does not answer.")

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


async def test_a_moderator_without_manage_server_cannot_press_on(stage: Stage) -> None:
    wizard = await Wizard.opened(stage)
    stage.env.backend.remove_member_role(
        stage.guild.id, stage.admin.id, next(r.id for r in stage.guild.roles.values() if r.name == "Admins")
    )
    stage.env.backend.add_member_role(stage.guild.id, stage.admin.id, stage.mods.id)

    assert "Manage Server" in said(await wizard.press("make"))
    assert (await rules_of(stage)).review_channel_id == stage.review.id


async def test_a_page_outlives_a_restart(stage: Stage) -> None:
    wizard = await Wizard.opened(stage)
    await stage.env.restart_bot()
    await wizard.press("to_roles")

    assert "Setup 2 of 8" in wizard.text


async def test_every_page_fits_discord(stage: Stage) -> None:
    guild = stage.bot.get_guild(stage.guild.id)
    assert guild is not None
    for name in PAGES:
        assert len(page_view(guild, await rules_of(stage), name).children) <= 25
