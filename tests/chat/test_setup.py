"""`/candor setup`: the way through its pages, the review channel, the reviewing roles and the scope."""

from __future__ import annotations

import discord
import simcord

from bot.chat.setup_items import page_view
from bot.chat.setup_pages import PAGES
from tests.chat.conftest import Stage, said
from tests.chat.wizard import Wizard, rules_of, set_permissions

HIDDEN = discord.PermissionOverwrite(view_channel=False)


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
