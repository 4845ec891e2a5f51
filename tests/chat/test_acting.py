"""Delete and Timeout on a card: what they do, who may press them, what is written down, what is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import discord
import pytest
from simcord.backend.models import Overwrite
from simcord.enums import OverwriteType

from bot.core.guild_rules import LabelRule, default_labels
from tests.chat.conftest import Stage, buttons_of, flagged, said


def bot_role(stage: Stage) -> discord.Role:
    guild = stage.bot.get_guild(stage.guild.id)
    assert guild is not None
    return guild.me.top_role


def timeout_reasons(stage: Stage) -> list[str | None]:
    return [entry.reason for entry in stage.guild.audit_log()]


async def states(stage: Stage, case_id: int = 1) -> dict[str, tuple[str, str | None]]:
    return {record.action.kind: (record.state, record.detail) for record in (await stage.case(case_id)).actions}


async def test_delete_removes_the_message_and_says_that_it_breaks_the_rules(stage: Stage) -> None:
    answer = said(await stage.lena.click(await flagged(stage), label="Delete"))

    case = await stage.only_case()
    assert answer == "The message is deleted. Recorded: it breaks the rules."
    assert stage.general.last_message is None
    assert (case.state, case.votes[0].verdict, case.votes[0].labels["insult"]) == ("closed", "breaks_rules", "right")
    assert (case.actions[0].by, case.actions[0].state) == (stage.lena.id, "done")
    assert f"✅ Broke rules, deleted · <@{stage.lena.id}>" in stage.card_text
    assert list(buttons_of(stage.card)) == ["Undo", "Change"]


async def test_a_deletion_carries_its_reason(stage: Stage) -> None:
    await stage.lena.click(await flagged(stage), label="Delete")

    (request,) = [
        entry for entry in stage.env.http_requests if entry.method == "DELETE" and str(stage.general.id) in entry.path
    ]
    assert request.reason == "case 1, confirmed by Lena"


async def test_a_timeout_counts_from_the_press_and_names_case_moderator_and_rule(stage: Stage) -> None:
    named = replace(LabelRule(), rule_name="rule 2, be kind")
    await stage.rules(labels={**default_labels(), "insult": named})
    await stage.say("what an insult")
    await stage.env.advance_time(3600)

    answer = said(await stage.lena.click(stage.card, label="Timeout 10 min"))

    until = stage.timed_out_until(stage.kai)
    assert until is not None
    assert (until - stage.env.now()).total_seconds() == pytest.approx(600, abs=5)
    assert answer == "The author is timed out. Recorded: it breaks the rules."
    assert timeout_reasons(stage)[-1] == "case 1, confirmed by Lena: rule 2, be kind"
    assert "Insult (rule 2, be kind) · case 1 · timed out 10 min" in stage.card_text


async def test_undo_lifts_what_the_moderator_did(stage: Stage) -> None:
    await stage.lena.click(await flagged(stage), label="Timeout 10 min")

    answer = said(await stage.lena.click(stage.card, label="Undo"))

    assert answer == "The timeout is lifted. The case is open again."
    assert stage.timed_out_until(stage.kai) is None
    assert (await stage.only_case()).state == "open"


async def test_a_message_that_is_already_gone_closes_the_case_and_says_so(stage: Stage) -> None:
    message = await stage.say("what an insult")
    stage.env.backend.delete_message(stage.general.id, message.id)

    answer = said(await stage.lena.click(stage.card, label="Delete"))

    assert answer == ("The deletion was not possible: the message was already gone. Recorded: it breaks the rules.")
    assert (await stage.only_case()).state == "closed"
    assert "message: already gone" in stage.card_text


async def test_several_messages_of_several_authors_are_acted_on_together(stage: Stage) -> None:
    await stage.say("what an insult")
    await stage.say("what an insult", who=stage.priya)
    await stage.say("what an insult", who=stage.priya)
    assert "Kai and 1 other, 3 messages" in stage.card_text

    timeouts = said(await stage.lena.click(stage.card, label="Timeout all 2 authors"))
    assert timeouts == "2 authors are timed out. Recorded: it breaks the rules."
    assert stage.timed_out_until(stage.kai) is not None
    assert stage.timed_out_until(stage.priya) is not None

    await stage.lena.click(stage.card, label="Undo")
    assert stage.timed_out_until(stage.priya) is None
    deleted = said(await stage.lena.click(stage.card, label="Delete all 3"))
    assert deleted == "3 messages are deleted. Recorded: it breaks the rules."
    assert stage.general.last_message is None
    assert {(await stage.case(number)).state for number in (1, 2, 3)} == {"closed"}


# Refusals: one sentence each, and nothing else changes.


async def refused(stage: Stage, label: str) -> str:
    """What Lena is told; the case stays as it was, nothing is done to Kai."""
    answer = said(await stage.lena.click(stage.card, label=label))
    case = await stage.only_case()
    assert (case.state, case.votes) == ("open", ())
    assert stage.general.last_message is not None
    assert stage.timed_out_until(stage.kai) is None
    return answer


async def test_deleting_needs_the_permission_where_the_message_is(stage: Stage) -> None:
    await flagged(stage)
    deny = discord.Permissions(manage_messages=True).value
    stage.env.backend.set_overwrite(stage.general.id, Overwrite(stage.mods.id, OverwriteType.ROLE, 0, deny))

    assert await refused(stage, "Delete") == "You need the permission Manage Messages for that."
    assert (await stage.only_case()).actions == ()


async def test_a_moderator_who_lost_the_role_in_between_may_do_nothing(stage: Stage) -> None:
    await flagged(stage)
    stage.env.backend.edit_role(stage.guild.id, stage.mods.id, {"permissions": 0})

    assert await refused(stage, "Timeout 10 min") == "You need the permission Moderate Members for that."


async def test_nothing_is_done_about_somebody_who_stands_as_high(stage: Stage) -> None:
    mia = stage.guild.add_member(stage.env.create_user("Mia"), roles=[stage.mods])
    await stage.say("what an insult", who=mia)

    for label in ("Delete", "Timeout 10 min"):
        assert "highest role is not below yours" in await refused(stage, label)


async def test_nothing_is_done_about_the_owner(stage: Stage) -> None:
    await flagged(stage)
    stage.env.backend.get_guild(stage.guild.id).owner_id = stage.kai.id
    guild = stage.bot.get_guild(stage.guild.id)
    assert guild is not None
    guild.owner_id = stage.kai.id

    assert await refused(stage, "Delete") == "Nothing can be done about the owner of the server."


async def test_nobody_acts_on_a_case_about_himself(stage: Stage) -> None:
    await stage.say("what an insult", who=stage.lena)

    assert "Nobody decides a case about their own message" in await refused(stage, "Delete")


async def test_an_author_who_left_is_said_and_recorded(stage: Stage) -> None:
    await flagged(stage)
    stage.guild.remove_member(stage.kai)

    answer = said(await stage.lena.click(stage.card, label="Timeout 10 min"))

    assert answer == "The timeout was not possible: the author left the server."
    assert (await stage.only_case()).state == "open"
    assert await states(stage) == {"timeout": ("refused", "the author left the server")}
    assert "✖️ Timeout 10 min: not possible (the author left the server)" in stage.card_text


async def test_what_the_bot_may_not_do_is_said_and_recorded(stage: Stage) -> None:
    await flagged(stage)
    few = discord.Permissions(view_channel=True, send_messages=True, read_message_history=True)
    stage.env.backend.edit_role(stage.guild.id, bot_role(stage).id, {"permissions": few.value})

    assert await refused(stage, "Delete") == ("The deletion was not possible: I lack the permission Manage Messages.")
    assert await states(stage) == {"delete": ("refused", "I lack the permission Manage Messages")}


async def test_a_case_whose_text_expired_is_changed_no_more(stage: Stage) -> None:
    await flagged(stage)
    await stage.lena.click(stage.card, label="Skip")
    await stage.house.cases.expire_texts(stage.env.now() + timedelta(days=31), 10)

    for label in ("Undo", "Change"):
        answer = said(await stage.lena.click(stage.card, label=label))
        assert answer == "The text of case 1 is no longer kept, so nothing can be changed about it."
    assert (await stage.only_case()).state == "closed"
