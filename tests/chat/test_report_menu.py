""" "Report to moderators": the form, the private answer, what the card shows, and reports about staff."""

from __future__ import annotations

from typing import Any

import discord
import pytest
import simcord

from bot.chat.client import create_bot
from moderation_model.errors import ModelUnavailable
from tests.chat.conftest import House, Stage, said, settings_in, text_of

MENU = "Report to moderators"
THANKS = "Thank you. The moderators will look at it. Your name is not on their card; administrators can look it up."


async def form(stage: Stage, message: discord.Message, who: simcord.MemberActor | None = None) -> Any:
    """The form behind the menu, still empty."""
    shown = await (who or stage.priya).context_menu(stage.general, MENU, message)
    assert shown.modal is not None, said(shown)
    return shown


async def report(
    stage: Stage, message: discord.Message, reason: str = "", *, who: simcord.MemberActor | None = None
) -> str:
    """What the member is told after the form was sent, or in its place."""
    who = who or stage.priya
    shown = await who.context_menu(stage.general, MENU, message)
    if shown.modal is not None:
        shown = await who.submit_modal(shown, {"text": reason})
    await stage.post_cards()
    return said(shown)


def channel_for_admins(stage: Stage) -> simcord.ChannelHandle:
    """A channel that administrators see, and moderators do not."""
    bot = stage.bot.get_guild(stage.guild.id)
    assert bot is not None
    admins = next(role for role in stage.guild.roles.values() if role.name == "Admins")
    hidden: dict[Any, discord.PermissionOverwrite] = {
        stage.guild.default_role: discord.PermissionOverwrite(view_channel=False),
        admins: discord.PermissionOverwrite(view_channel=True),
        bot.me.top_role: discord.PermissionOverwrite(view_channel=True),
    }
    return stage.guild.create_text_channel("admins-only", overwrites=hidden)


async def with_admin_channel(stage: Stage) -> simcord.ChannelHandle:
    channel = channel_for_admins(stage)
    await stage.env.settle()
    await stage.rules(admin_channel_id=channel.id)
    return channel


async def test_the_form_asks_for_an_optional_reason_and_says_who_reads_it(stage: Stage) -> None:
    shown = await form(stage, await stage.say("hello there"))

    (label,) = shown.modal["components"]
    assert shown.modal["title"] == "Report to moderators"
    assert (label["label"], label["component"].get("required")) == ("Why? (optional)", False)
    assert "without your name" in label["description"]
    assert stage.review.last_message is None


async def test_a_report_reaches_the_moderators_without_a_name_and_with_a_harmless_reason(stage: Stage) -> None:
    message = await stage.say("aww, did someone help you type that?")

    answer = await report(stage, message, "he **always** does this @everyone")

    assert answer == THANKS
    assert "🚩 Reported by a member · case 1" in stage.card_text
    assert "💬 ||he \\*\\*always\\*\\* does this @\u200beveryone||" in stage.card_text
    assert "Priya" not in stage.card_text
    assert str(stage.priya.id) not in stage.card_text


async def test_a_reason_may_be_left_out_and_more_reports_are_counted(stage: Stage) -> None:
    message = await stage.say("hello there")

    await report(stage, message)
    assert "💬" not in stage.card_text
    await report(stage, message, "rude", who=stage.lena)

    assert len(stage.review.history()) == 1
    assert "🚩 Reported by 2 members · case 1" in stage.card_text


async def test_a_report_on_a_flagged_message_joins_its_card(stage: Stage) -> None:
    message = await stage.say("what an insult")

    await report(stage, message, "about me")

    assert len(stage.review.history()) == 1
    assert "🚩 Reported by a member\n💬 ||about me||" in stage.card_text


async def test_reporting_twice_or_oneself_is_said_before_a_form_opens(stage: Stage) -> None:
    message = await stage.say("hello there")
    await report(stage, message)

    again = await stage.priya.context_menu(stage.general, MENU, message)
    own = await stage.kai.context_menu(stage.general, MENU, message)

    assert said(again) == "You have reported this message already. The moderators have it."
    assert said(own) == "This is your own message; you can delete it yourself."
    assert again.modal is None
    assert own.modal is None


async def test_a_form_sent_twice_is_one_report(stage: Stage) -> None:
    message = await stage.say("hello there")
    first, second = await form(stage, message), await form(stage, message)

    assert said(await stage.priya.submit_modal(first, {"text": "a"})) == THANKS
    assert "already" in said(await stage.priya.submit_modal(second, {"text": "a"}))
    await stage.post_cards()

    assert "Reported by a member" in stage.card_text


async def test_the_fourth_report_of_an_hour_is_refused(stage: Stage) -> None:
    messages = [await stage.say(f"hello {number}") for number in range(4)]
    answers = [await report(stage, message) for message in messages]

    assert answers == [
        *[THANKS] * 3,
        "You have reported 3 messages within an hour. Please ask a moderator directly.",
    ]
    assert len(stage.review.history()) == 3


async def test_messages_of_bots_cannot_be_reported(stage: Stage) -> None:
    await stage.say("what an insult")
    helper = stage.guild.add_member(stage.env.create_user("Helper", bot=True))
    message = await helper.send(stage.general, "beep")

    assert await report(stage, message) == "Only messages of members can be reported here."


async def test_a_message_that_was_deleted_meanwhile_is_said_to_be_gone(stage: Stage) -> None:
    message = await stage.say("hello there")
    shown = await form(stage, message)
    await stage.kai.delete(message)

    answer = said(await stage.priya.submit_modal(shown, {"text": "he was rude"}))

    assert answer.startswith("I cannot see that message any more, so it cannot be reported.")
    assert await stage.house.review.of_message(guild_id=stage.guild.id, message_id=message.id) is None


async def test_a_deleted_message_that_has_a_case_is_still_reported(stage: Stage) -> None:
    message = await stage.say("what an insult")
    shown = await form(stage, message)
    await stage.kai.delete(message)

    assert said(await stage.priya.submit_modal(shown, {"text": "about me"})) == THANKS
    assert (await stage.only_case()).report_reasons == ("about me",)


async def test_a_report_while_the_model_is_away_still_reaches_the_moderators(stage: Stage) -> None:
    message = await stage.say("hello there")
    stage.house.model.down = ModelUnavailable("away")

    await report(stage, message)

    assert "the model was away, so there is no score" in stage.card_text


async def test_a_form_is_answered_after_a_restart(stage: Stage, house: House, tmp_path: Any) -> None:
    shown = await form(stage, await stage.say("hello there"))
    again = create_bot(settings_in(tmp_path))
    house.attach(again)
    await stage.env.restart_bot(again)

    assert said(await stage.priya.submit_modal(shown, {"text": "rude"})) == THANKS


async def test_a_report_about_staff_without_a_place_for_it_names_the_owner_and_tells_nobody(stage: Stage) -> None:
    message = await stage.say("hello there", who=stage.lena)

    answer = await report(stage, message)

    owner = stage.bot.get_guild(stage.guild.id)
    assert owner is not None
    assert answer == (
        "This is about somebody of the server's staff, and there is no channel here for that which only "
        f"administrators read. Nobody was told; please write to the owner, <@{owner.owner_id}>."
    )
    assert stage.review.last_message is None
    assert await stage.house.review.of_message(guild_id=stage.guild.id, message_id=message.id) is None


async def test_a_report_about_staff_goes_to_administrators_and_moderators_see_nothing_of_it(stage: Stage) -> None:
    channel = await with_admin_channel(stage)
    message = await stage.say("hello there", who=stage.lena)

    answer = await report(stage, message, "she shouts at people")

    assert answer.startswith("Thank you. This goes to the administrators, not to the moderators.")
    assert stage.review.last_message is None
    card = channel.last_message
    assert card is not None
    assert "🚩 About staff, reported by a member · case 1" in text_of(card)
    shown = said(await stage.admin.slash(stage.general, "case show", case_id=1))
    assert f"<@{stage.priya.id}>" in shown
    for command, options in (("case show", {"case_id": 1}), ("case why", {"case_id": 1})):
        told = said(await stage.lena.slash(stage.general, command, **options))
        assert told == "There is no case 1 on this server."
    assert said(await stage.lena.slash(stage.general, "case list")) == "There is no such case."
    assert said(await stage.lena.slash(stage.general, "queue next")) == "Nothing waits."
    assert said(await stage.lena.slash(stage.general, "queue stats")) == "Nothing waits."
    assert "There is no case on" in said(await stage.lena.slash(stage.general, "case member", member=stage.lena))
    assert await stage.lena.autocomplete(stage.general, "case show", "case_id", "") == []
    why = said(await stage.lena.context_menu(stage.general, "Why?", message))
    assert why.startswith("There is no case on this message.")
    assert "case 1" in said(await stage.admin.slash(stage.general, "queue next"))


async def test_who_is_reported_sees_no_reporter_even_as_an_administrator(stage: Stage) -> None:
    await with_admin_channel(stage)
    message = await stage.say("hello there", who=stage.admin)
    await report(stage, message, "unfair")

    assert said(await stage.admin.slash(stage.general, "case show", case_id=1)) == "There is no case 1 on this server."
    assert said(await stage.admin.slash(stage.general, "case list")) == "There is no such case."


async def test_a_reviewer_without_the_permission_is_staff_too(stage: Stage) -> None:
    helpers = stage.guild.create_role("Helpers")
    await stage.env.settle()
    await stage.rules(reviewer_role_ids=frozenset({helpers.id}))
    noor = stage.guild.add_member(stage.env.create_user("Noor"), roles=[helpers])
    message = await stage.say("hello there", who=noor)

    assert "about somebody of the server's staff" in await report(stage, message)


async def test_a_reported_case_of_staff_leaves_the_review_channel(stage: Stage) -> None:
    channel = await with_admin_channel(stage)
    message = await stage.say("what an insult", who=stage.lena)
    assert len(stage.review.history()) == 1

    await report(stage, message)

    assert stage.review.last_message is None
    assert channel.last_message is not None
    assert "About staff" in text_of(channel.last_message)


async def test_a_report_about_staff_is_refused_while_its_channel_is_gone(stage: Stage) -> None:
    channel = await with_admin_channel(stage)
    message = await stage.say("hello there", who=stage.lena)
    stage.env.backend.delete_channel(channel.id)
    await stage.env.settle()

    assert "Nobody was told; please write to the owner" in await report(stage, message)
    assert await stage.house.review.of_message(guild_id=stage.guild.id, message_id=message.id) is None


async def test_a_card_about_staff_goes_to_no_other_channel_when_its_own_is_deleted(stage: Stage) -> None:
    channel = await with_admin_channel(stage)
    message = await stage.say("hello there", who=stage.lena)
    guild = stage.bot.get_guild(stage.guild.id)
    assert guild is not None
    guild._system_channel_id = stage.review.id
    shown = await form(stage, message)
    assert said(await stage.priya.submit_modal(shown, {"text": ""})).startswith("Thank you.")
    stage.env.backend.delete_channel(channel.id)
    await stage.env.settle()

    await stage.post_cards()

    assert stage.review.last_message is None
    assert stage.general.last_message is not None
    assert stage.general.last_message.id == message.id


@pytest.mark.parametrize("command", ["case show", "case why"])
async def test_administrators_see_who_reported_and_moderators_do_not(stage: Stage, command: str) -> None:
    await report(stage, await stage.say("hello there"), "mean to me")

    shown = said(await stage.admin.slash(stage.general, command, case_id=1))
    hidden = said(await stage.lena.slash(stage.general, command, case_id=1))

    assert "🔒 Reported by (administrators alone see this):" in shown
    assert f"<@{stage.priya.id}>" in shown
    assert "||mean to me||" in shown
    assert str(stage.priya.id) not in hidden
