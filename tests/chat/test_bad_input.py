"""Texts that break other programs: each goes through the pass and onto a card, and nothing is raised."""

from __future__ import annotations

import discord
import pytest
from simcord.backend import serializers

from tests.chat.conftest import Stage, flagged, said, text_of

TEXTS = {
    "white space": " \t\n ",
    "as long as Discord takes": ("insult " * 600)[:4000],
    "lone surrogates": "\ud83d insult \udc00",
    "right-to-left marks": "\u202einsult\u202c \u200f\u2067",
    "combining characters": "insult" + "\u0301" * 10_000,
    "only emoji": "😂🏳️‍🌈👍🏽",
    "only a link": "https://example.com/insult",
    "code block": "```py\ninsult = 1\n```",
    "NUL": "in\x00sult\x00",
    "spoiler": "||insult||",
    "only bars": "|" * 4000,
    "mentions": "<@1> <@&2> <#3> @everyone insult",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
async def test_every_text_ends_in_a_recorded_outcome_and_a_card_that_fits(stage: Stage, text: str) -> None:
    # As it comes over the gateway: the simulated server itself refuses some of these texts.
    backend = stage.env.backend
    stored = backend.create_message(stage.general.id, stage.kai.id, "text", broadcast=False)
    payload = dict(serializers.message_payload(backend, stored))
    member = dict(
        serializers.member_payload(
            backend, backend.get_guild(stage.guild.id), backend.get_member(stage.guild.id, stage.kai.id)
        )
    )
    backend.emit("MESSAGE_CREATE", {**payload, "guild_id": str(stage.guild.id), "member": member, "content": text})
    await stage.env.settle()
    await stage.post_cards()

    (passed,) = stage.house.passed
    assert passed.outcome == ("empty" if not text.strip() else "decided")
    assert (passed.case is not None) == ("insult" in text.replace("\x00", ""))
    if passed.case is not None:
        assert "Insult · case 1" in stage.card_text
        assert len(text_of(stage.card)) <= 4000
    assert (stage.bot.failures, stage.env.errors) == (0, [])


async def test_a_message_that_is_deleted_before_it_is_judged_still_ends_in_a_recorded_outcome(stage: Stage) -> None:
    await stage.act_on_insults(delete_at=0.5, warn_at=0.5)
    stored = stage.env.backend.create_message(stage.general.id, stage.kai.id, "what an insult")
    stage.env.backend.delete_message(stage.general.id, stored.id)
    await stage.env.settle()

    states = {record.action.kind: (record.state, record.detail) for record in (await stage.only_case()).actions}
    assert states["delete"] == ("refused", "the message was already gone")


async def test_an_author_who_left_before_the_action_is_recorded(stage: Stage) -> None:
    await stage.act_on_insults(timeout_at=0.5, warn_at=0.5)
    stage.env.backend.create_message(stage.general.id, stage.kai.id, "what an insult")
    stage.guild.remove_member(stage.kai)
    await stage.env.settle()

    states = {record.action.kind: (record.state, record.detail) for record in (await stage.only_case()).actions}
    assert states == {
        "warn": ("refused", "the author left the server"),
        "timeout": ("refused", "the author left the server"),
    }


async def test_a_name_that_tries_to_break_the_card_does_not(stage: Stage) -> None:
    trick = stage.guild.add_member(stage.env.create_user("trick", global_name="||x|| **y** @everyone"))
    await stage.say("what an insult", who=trick)

    assert r"\|\|x\|\| \*\*y\*\* @" in stage.card_text
    assert "@everyone" not in stage.card_text


async def test_a_server_that_put_the_bot_out_is_left_alone(stage: Stage) -> None:
    await stage.act_on_insults(delete_at=0.5)
    await stage.say("what an insult")
    case = await stage.only_case()
    stage.env.backend.remove_guild(stage.guild.id)
    await stage.env.settle()

    outcome = await stage.house.enforcer.perform(case, case.actions[0].action, reason="test")

    assert (outcome.state, outcome.detail) == ("refused", "I am no longer on this server")


async def test_a_review_in_a_channel_that_a_moderator_hid_from_the_bot_ends_in_a_sentence(stage: Stage) -> None:
    card = await flagged(stage, timeout_at=0.5)
    guild = stage.bot.get_guild(stage.guild.id)
    assert guild is not None
    few = discord.Permissions(view_channel=True, send_messages=True, read_message_history=True)
    stage.env.backend.edit_role(stage.guild.id, guild.me.top_role.id, {"permissions": few.value})

    answer = said(await stage.lena.click(card, label="It's fine"))

    assert "I could not lift the timeout: I lack the permission Moderate Members." in answer
    assert stage.timed_out_until(stage.kai) is not None
