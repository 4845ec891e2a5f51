"""What is done to messages and members, when it is refused, and what is found after a crash."""

from __future__ import annotations

import discord
import pytest

from bot.core.cases import Case, NewCase
from bot.core.events import Person
from bot.core.policy import Action, Decision, Delete, Timeout, Warn
from bot.store.under_way import CLAIM
from tests.builders import message as built_message
from tests.chat.conftest import Stage


async def outcome(stage: Stage, kind: str) -> tuple[str, str | None]:
    """How the only case's action of that kind ended."""
    case = await stage.only_case()
    return next((record.state, record.detail) for record in case.actions if record.action.kind == kind)


def requests(stage: Stage, method: str, part: str) -> int:
    return sum(entry.method == method and part in entry.path for entry in stage.env.http_requests)


async def test_a_message_is_deleted(stage: Stage) -> None:
    await stage.act_on_insults(delete_at=0.5)
    await stage.say("what an insult")

    assert stage.general.last_message is None
    assert await outcome(stage, "delete") == ("done", None)


async def test_a_timeout_is_set_for_its_time_with_a_reason_in_the_audit_log(stage: Stage) -> None:
    await stage.act_on_insults(timeout_at=0.5, timeout_seconds=3600)
    await stage.say("what an insult")

    until = stage.timed_out_until(stage.kai)
    assert until is not None
    assert (until - stage.env.now()).total_seconds() == pytest.approx(3600, abs=2)
    assert stage.guild.audit_log()[-1].reason == "Candor case 1: insult"


async def test_a_timeout_is_never_longer_than_discord_takes(stage: Stage) -> None:
    await stage.act_on_insults(timeout_at=0.5, timeout_seconds=90 * 86400)
    await stage.say("what an insult")

    until = stage.timed_out_until(stage.kai)
    assert until is not None
    assert (until - stage.env.now()).days <= 28


async def test_a_longer_timeout_of_a_moderator_is_left_alone(stage: Stage) -> None:
    await stage.act_on_insults(timeout_at=0.5)
    message = await stage.kai.send(stage.general, "hello")
    later = stage.env.backend.iso_after(86400)
    stage.env.backend.edit_member(stage.guild.id, stage.kai.id, {"timed_out_until": later})
    await stage.env.advance_time(1)
    stage.env.backend.edit_message(stage.general.id, message.id, {"content": "what an insult"})
    await stage.env.settle()

    assert await outcome(stage, "timeout") == ("refused", "the author is already timed out for longer")
    left = stage.timed_out_until(stage.kai)
    assert left is not None
    assert left.isoformat() == later


async def test_a_warning_arrives_as_a_direct_message_without_scores(stage: Stage) -> None:
    await stage.act_on_insults(warn_at=0.5)
    await stage.say("what an insult")

    warning = stage.kai.user.dm_channel.last_message
    assert warning is not None
    assert "may be against the rules" in warning.content
    assert "%" not in warning.content


async def test_a_closed_door_for_direct_messages_is_recorded(stage: Stage) -> None:
    await stage.act_on_insults(warn_at=0.5)
    stage.env.inject_error("POST", "/channels/*/messages", status=403, code=50007)
    await stage.say("what an insult")

    assert await outcome(stage, "warn") == ("refused", "the author does not accept direct messages")
    assert "not possible (the author does not accept direct messages)" in stage.card_text


async def test_a_message_that_is_gone_already_is_recorded_so(stage: Stage) -> None:
    await stage.act_on_insults(delete_at=0.5)
    stage.env.inject_error("DELETE", "/channels/*/messages/*", status=404, code=10008)
    await stage.say("what an insult")

    assert await outcome(stage, "delete") == ("refused", "the message was already gone")


async def test_an_author_who_left_is_recorded_so(stage: Stage) -> None:
    await stage.act_on_insults(timeout_at=0.5)
    stage.env.inject_error("GET", "/guilds/*/members/*", status=404, code=10007)
    await stage.say("what an insult")

    assert await outcome(stage, "timeout") == ("refused", "the author left the server")


async def test_without_manage_messages_nothing_is_tried(stage: Stage) -> None:
    await stage.act_on_insults(delete_at=0.5)
    no_messages = discord.PermissionOverwrite(manage_messages=False)
    closed = stage.guild.create_text_channel("closed", overwrites={bot_role(stage): no_messages})
    await stage.kai.send(closed, "what an insult")

    assert await outcome(stage, "delete") == ("refused", "I lack the permission Manage Messages")
    assert requests(stage, "DELETE", "/messages/") == 0


async def test_without_moderate_members_nothing_is_tried(stage: Stage) -> None:
    await stage.act_on_insults(timeout_at=0.5)
    some = discord.Permissions(view_channel=True, send_messages=True, read_message_history=True)
    stage.env.backend.edit_role(stage.guild.id, bot_role(stage).id, {"permissions": some.value})
    await stage.say("what an insult")

    assert await outcome(stage, "timeout") == ("refused", "I lack the permission Moderate Members")
    assert requests(stage, "PATCH", "/members/") == 0


async def test_a_member_whose_role_is_not_below_the_bots_is_not_tried(stage: Stage) -> None:
    await stage.act_on_insults(timeout_at=0.5)
    captain = stage.guild.create_role("Captain", position=20)
    await stage.say("what an insult", who=stage.guild.add_member(stage.env.create_user("Cap"), roles=[captain]))

    assert await outcome(stage, "timeout") == ("refused", "the author's highest role is not below mine")
    assert requests(stage, "PATCH", "/members/") == 0


async def test_an_administrator_is_not_tried(stage: Stage) -> None:
    await stage.act_on_insults(timeout_at=0.5)
    chief = stage.guild.create_role("Chief", permissions=discord.Permissions(administrator=True))
    await stage.say("what an insult", who=stage.guild.add_member(stage.env.create_user("Boss"), roles=[chief]))

    case = await stage.only_case()
    assert (case.actions, case.withheld_why) == ((), "written by staff: nothing done")


async def test_the_owner_is_not_tried(stage: Stage) -> None:
    await stage.act_on_insults(timeout_at=0.5)
    stage.env.backend.get_guild(stage.guild.id).owner_id = stage.kai.id
    stage.env.backend.edit_guild(stage.guild.id, {})
    await stage.say("what an insult")

    case = await stage.only_case()
    assert (case.actions, case.withheld_why) == ((), "written by staff: nothing done")


async def test_a_failure_of_discord_is_recorded_as_such(stage: Stage) -> None:
    await stage.act_on_insults(timeout_at=0.5)
    stage.env.inject_error("PATCH", "/guilds/*/members/*", status=500)
    await stage.say("what an insult")

    assert await outcome(stage, "timeout") == ("failed", "Discord did not answer (500)")
    assert "Timeout 10 min: failed" in stage.card_text


async def test_a_webhooks_message_is_deleted_and_nobody_timed_out(stage: Stage) -> None:
    await stage.act_on_insults(timeout_at=0.5, delete_at=0.5)
    await stage.guild.create_webhook(stage.general, "Bridge").send("what an insult")

    assert [record.action.kind for record in (await stage.only_case()).actions] == ["delete"]
    assert stage.general.last_message is None


async def test_a_channel_that_is_gone_is_recorded_so(stage: Stage) -> None:
    case = await left_pending(stage, Delete())
    stage.env.backend.delete_channel(stage.general.id)
    await stage.env.settle()

    assert (await stage.house.enforcer.perform(case, Delete(), reason="test")).detail == (
        "the channel is gone or hidden from me"
    )


async def left_pending(stage: Stage, action: Action) -> Case:
    """A case on a message of Kai's whose action was planned and never done, as a crash leaves it."""
    sent = await stage.kai.send(stage.general, "hello")
    incoming = built_message(
        "hello",
        message_id=sent.id,
        author=Person(stage.kai.id, "Kai"),
        guild_id=stage.guild.id,
        channel_id=stage.general.id,
        at=stage.env.now(),
    )
    new = NewCase.of(
        incoming,
        (),
        Decision(opens="flagged", actions=(action,)),
        opened_at=stage.env.now(),
        text_expires_at=stage.env.now(),
    )
    return (await stage.house.cases.open(new, (action,)))[0]


async def settled(stage: Stage, case: Case) -> tuple[str, str | None]:
    """How the case's action stands after the bot came back."""
    await stage.env.advance_time(CLAIM.total_seconds())
    await stage.house.moderate.settle()
    record = (await stage.case(case.case_id)).actions[0]
    return record.state, record.detail


async def test_after_a_crash_a_deletion_that_was_not_done_is_done(stage: Stage) -> None:
    case = await left_pending(stage, Delete())

    assert await settled(stage, case) == ("done", None)
    assert stage.general.last_message is None


async def test_after_a_crash_a_deletion_that_was_done_is_recorded(stage: Stage) -> None:
    case = await left_pending(stage, Delete())
    stage.env.backend.delete_message(stage.general.id, case.message_id)

    assert await settled(stage, case) == ("done", None)
    assert requests(stage, "DELETE", "/messages/") == 0


async def test_after_a_crash_a_timeout_is_set_once_and_ends_when_it_should(stage: Stage) -> None:
    case = await left_pending(stage, Timeout(3600))
    await stage.env.advance_time(600)

    assert (await settled(stage, case))[0] == "done"
    until = stage.timed_out_until(stage.kai)
    assert until is not None
    assert (until - case.opened_at).total_seconds() == pytest.approx(3600, abs=2)
    assert await stage.house.enforcer.settle(case, Timeout(3600)) is not None


async def test_after_a_long_outage_nobody_is_timed_out_any_more(stage: Stage) -> None:
    case = await left_pending(stage, Timeout(600))
    await stage.env.advance_time(900)

    assert await settled(stage, case) == ("refused", "the timeout would be over by now")
    assert stage.timed_out_until(stage.kai) is None


async def test_after_a_crash_nobody_is_warned_twice(stage: Stage) -> None:
    case = await left_pending(stage, Warn())

    assert (await settled(stage, case))[0] == "failed"
    assert stage.kai.user.dm_channel.last_message is None


async def test_what_cannot_be_settled_yet_waits(stage: Stage) -> None:
    case = await left_pending(stage, Timeout(600))
    stage.env.inject_error("GET", "/guilds/*/members/*", status=500)

    assert await stage.house.enforcer.settle(case, Timeout(600)) is None


def bot_role(stage: Stage) -> discord.Role:
    guild = stage.bot.get_guild(stage.guild.id)
    assert guild is not None
    return guild.me.top_role
