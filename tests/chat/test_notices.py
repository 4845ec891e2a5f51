"""What members read in a direct message, what they do not, and the line in the mod-log."""

from __future__ import annotations

from typing import Any

import discord
import pytest
import simcord

from bot.core.guild_rules import LabelRule, default_labels
from tests.chat.conftest import Stage, buttons_of, flagged, menu, said
from tests.chat.test_bans import let_ban

BOTH: dict[str, Any] = {"delete_at": 0.5, "timeout_at": 0.5, "rule_name": "rule 2, be kind"}


async def telling(stage: Stage, rule: dict[str, Any], **changes: object) -> simcord.ChannelHandle:
    """Notices on, insults acted on as `rule` says; the mod-log channel."""
    log = stage.guild.create_text_channel("mod-log")
    await stage.env.settle()
    labels = {**default_labels(), "insult": LabelRule(**rule)}
    await stage.rules(**{"notices": True, "log_channel_id": log.id, "labels": labels, **changes})
    return log


async def insulted(stage: Stage) -> None:
    """Kai is acted on, and what follows is told."""
    await stage.say("what an insult")
    await stage.tell()


def notice(stage: Stage, member: simcord.MemberActor | None = None) -> discord.Message:
    """The newest direct message."""
    message = (member or stage.kai).user.dm_channel.last_message
    assert message is not None, "nothing was told"
    return message


def notices(stage: Stage) -> list[str]:
    return [message.content for message in stage.kai.user.dm_channel.history()]


async def test_a_notice_names_deed_end_and_rule_without_score_or_moderator(stage: Stage) -> None:
    await telling(stage, BOTH)
    await insulted(stage)

    until = stage.timed_out_until(stage.kai)
    assert until is not None
    assert notices(stage) == [
        f"**Harbour**: your message in <#{stage.general.id}> was against the rules, so you cannot write until "
        f"<t:{int(until.timestamp())}:f> and it was deleted. Rule: rule 2, be kind."
    ]
    assert buttons_of(notice(stage)) == {}


async def test_notices_are_off_by_default(stage: Stage) -> None:
    await stage.act_on_insults(delete_at=0.5)
    await insulted(stage)

    assert notices(stage) == []


async def test_what_a_moderator_did_is_told_without_the_moderators_name(stage: Stage) -> None:
    await telling(stage, {}, appeals=True)
    await flagged(stage)
    await stage.lena.click(stage.card, label="Delete")

    assert "it was deleted. Rule: Insult." in notice(stage).content
    assert "Lena" not in notice(stage).content
    assert list(buttons_of(notice(stage))) == ["Appeal"]


async def test_the_mod_log_says_what_was_done_and_who_confirmed_it(stage: Stage) -> None:
    log = await telling(stage, BOTH)
    await insulted(stage)
    await stage.lena.click(stage.card, label="It's fine")
    await stage.rules(log_channel_id=log.id)
    await stage.say("one more insult", who=stage.priya)
    await stage.lena.click(stage.card, label="Delete")

    assert [message.content for message in log.history()] == [
        "case 1: timed out 10 min, deleted, by the bot",
        "case 1: timeout lifted, undone by Lena",
        "case 2: deleted, confirmed by Lena",
    ]
    assert all(message.flags.suppress_notifications for message in log.history())


async def test_a_member_with_closed_doors_is_named_to_the_moderator_and_in_the_log(stage: Stage) -> None:
    log = await telling(stage, {})
    await flagged(stage)
    stage.env.inject_error("POST", "/channels/*/messages", status=403, code=50007)

    answer = said(await stage.lena.click(stage.card, label="Delete"))

    assert "The message is deleted. The member could not be told: the author does not accept direct messages." in answer
    assert log.last_message is not None
    assert log.last_message.content.endswith("could not be told: the author does not accept direct messages.")


async def test_a_member_who_left_is_not_written_to(stage: Stage) -> None:
    await telling(stage, {})
    await flagged(stage)
    stage.guild.remove_member(stage.kai)

    answer = said(await stage.lena.click(stage.card, label="Delete"))

    assert "they are not on the server" in answer
    assert notices(stage) == []


async def test_who_is_banned_reads_before_where_to_appeal(stage: Stage) -> None:
    log = await telling(stage, {}, appeals=True, appeal_url="https://example.org/appeal")
    await flagged(stage)
    await let_ban(stage)
    shown = await menu(stage)
    await stage.lena.click(shown, label="Ban…")
    await stage.lena.click(shown, label="Yes, ban")

    assert "so you are banned. Rule: Insult. You can appeal here: <https://example.org/appeal>" in notice(stage).content
    assert buttons_of(notice(stage)) == {}
    assert [message.content for message in log.history()] == ["case 1: banned, confirmed by Lena"]


async def test_the_notice_of_a_ban_that_discord_refused_is_taken_back(stage: Stage) -> None:
    await telling(stage, {})
    await flagged(stage)
    await let_ban(stage)
    shown = await menu(stage)
    await stage.lena.click(shown, label="Ban…")
    stage.env.inject_error("PUT", "/guilds/*/bans/*", status=403, code=50013)
    await stage.lena.click(shown, label="Yes, ban")

    assert notices(stage) == []


async def test_its_fine_is_told(stage: Stage) -> None:
    await telling(stage, BOTH)
    await insulted(stage)
    await stage.lena.click(stage.card, label="It's fine")

    assert notice(stage).content == (
        f"**Harbour**: the moderators looked again at your message in <#{stage.general.id}> and find nothing wrong "
        "with it; your timeout is lifted."
    )


@pytest.mark.parametrize("gone", [True, False])
async def test_a_log_channel_that_is_gone_or_closed_to_the_bot_stops_nothing(stage: Stage, gone: bool) -> None:
    log = await telling(stage, {})
    await flagged(stage)
    if gone:
        stage.env.backend.delete_channel(log.id)
        await stage.env.settle()
    else:
        stage.env.inject_error("POST", f"/channels/{log.id}/messages", status=403, code=50013)

    answer = said(await stage.lena.click(stage.card, label="Delete"))

    assert answer.startswith("The message is deleted.")
    assert (stage.env.errors, stage.bot.failures) == ([], 0)
