"""The review channel: cards are posted, changed, replaced, and never lost without a word."""

from __future__ import annotations

from collections.abc import Sequence

import discord
import pytest

from bot.errors import BoardUnavailable
from tests.builders import person
from tests.chat.conftest import Stage, text_of


def bot_role(stage: Stage) -> discord.Role:
    guild = stage.bot.get_guild(stage.guild.id)
    assert guild is not None
    return guild.me.top_role


def plain_lines(stage: Stage) -> Sequence[discord.Message]:
    """Messages in the review channel that are no cards."""
    return [message for message in stage.review.history() if message.content]


async def test_cards_are_silent_and_mention_nobody(stage: Stage) -> None:
    await stage.say(f"insult {stage.lena.mention} @everyone {stage.mods.mention}")

    stored = stage.env.backend.get_message(stage.review.id, stage.card.id)
    assert stage.card.flags.suppress_notifications
    assert (list(stored.ping_user_ids), list(stored.ping_role_ids), stored.mention_everyone) == ([], [], False)


async def test_a_threat_calls_the_role_in_a_line_of_its_own(stage: Stage) -> None:
    await stage.rules(ping_role_id=stage.mods.id)
    message = await stage.say("this is a threat")

    card, line = stage.review.history()
    assert "Threat · case 1" in text_of(card)
    assert line.content.startswith(f"{stage.mods.mention} Case 1")
    assert message.jump_url in line.content
    assert stage.env.backend.get_message(stage.review.id, line.id).ping_role_ids == [stage.mods.id]
    assert not line.flags.suppress_notifications


async def test_a_threat_without_a_role_notifies_nobody_by_name(stage: Stage) -> None:
    await stage.say("this is a threat")

    (line,) = plain_lines(stage)
    assert "<@" not in line.content


async def test_an_insult_calls_nobody(stage: Stage) -> None:
    await stage.say("what an insult")

    assert plain_lines(stage) == []


async def test_what_moderators_quote_in_the_review_channel_is_left_alone(stage: Stage) -> None:
    await stage.lena.send(stage.review, "he wrote: what an insult")
    await stage.post_cards()

    assert stage.house.passed[-1].outcome == "exempt"
    assert len(stage.review.history()) == 1


async def test_a_card_that_was_deleted_is_posted_again_when_the_case_changes(stage: Stage) -> None:
    await stage.say("what an insult")
    stage.env.backend.delete_message(stage.review.id, stage.card.id)
    await stage.env.settle()
    await stage.house.reporting.report(
        message=stage.house.passed[-1].message, reporter=person(stage.priya.id, "Priya"), reason=None
    )

    await stage.house.desk.refresh(guild_id=stage.guild.id, case_id=1)

    assert "case 1" in stage.card_text
    case = await stage.only_case()
    assert case.card is not None
    assert case.card.message_id == stage.card.id


async def test_a_card_that_cannot_be_posted_waits_and_the_sentence_names_the_fix(stage: Stage) -> None:
    deny = discord.PermissionOverwrite(view_channel=True, send_messages=False)
    locked = stage.guild.create_text_channel("locked", overwrites={bot_role(stage): deny})
    await stage.rules(review_channel_id=locked.id)
    await stage.say("what an insult")
    assert locked.last_message is None

    with pytest.raises(BoardUnavailable, match=r"I lack Send Messages there\. Grant it"):
        await stage.house.desk.refresh(guild_id=stage.guild.id, case_id=1)
    await stage.rules(review_channel_id=stage.review.id)
    await stage.house.desk.catch_up()
    await stage.post_cards()
    assert "case 1" in stage.card_text


async def test_a_review_channel_that_is_gone_names_the_command(stage: Stage) -> None:
    stage.env.backend.delete_channel(stage.review.id)
    await stage.say("what an insult")

    with pytest.raises(BoardUnavailable, match="/candor setup"):
        await stage.house.desk.refresh(guild_id=stage.guild.id, case_id=1)


async def test_a_scrubbed_card_holds_nothing_of_the_member(stage: Stage) -> None:
    await stage.say("what an insult")
    case = await stage.only_case()
    assert case.card is not None

    await stage.house.board.scrub(case.card)

    assert "insult" not in stage.card_text.lower()
    assert "Kai" not in stage.card_text


async def test_a_card_that_an_outage_of_discord_hides_counts_as_scrubbed_only_once_it_is(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = await stage.say("what an insult")
    await stage.house.review.vote(guild_id=stage.guild.id, case_id=1, moderator=person(9), verdict="fine")
    await stage.post_cards()
    await stage.env.advance_time(1)
    with monkeypatch.context() as patch:
        patch.setattr(stage.bot.guilds[0], "unavailable", True)
        patch.setattr(stage.bot, "get_channel", lambda channel_id: None)
        await stage.house.gone.deleted(guild_id=stage.guild.id, message_ids=[message.id])
    assert (await stage.only_case()).text is None
    assert "removed now" not in stage.card_text

    await stage.bot.flows.dropping.run()
    assert "removed now" in stage.card_text


async def test_scrubbing_a_card_that_is_gone_is_no_error(stage: Stage) -> None:
    await stage.say("what an insult")
    case = await stage.only_case()
    stage.env.backend.delete_message(stage.review.id, stage.card.id)
    assert case.card is not None

    await stage.house.board.scrub(case.card)

    assert stage.review.last_message is None


async def test_in_shadow_mode_a_card_comes_and_nothing_happens(stage: Stage) -> None:
    await stage.act_on_insults(delete_at=0.5, timeout_at=0.5)
    await stage.rules(shadow=True, labels=(await stage.house.setup.rules(stage.guild.id)).labels)
    await stage.say("what an insult")

    assert "shadow: nothing done" in stage.card_text
    assert "Held back: timeout 10 min, deletion" in stage.card_text
    assert stage.general.last_message is not None
    assert stage.timed_out_until(stage.kai) is None
