""" "Put text back": offered privately, posted inert where it stood, threads included; refused with a sentence."""

from __future__ import annotations

import discord
import simcord

from tests.chat.conftest import Stage, flagged, menu_text, said


async def offered(stage: Stage, label: str = "It's fine") -> discord.Message:
    """The private answer with the button."""
    result = await stage.lena.click(stage.card, label=label)
    answer = result.followups[-1]
    assert answer.ephemeral
    assert [each["label"] for row in answer.components for each in row["components"]] == ["Put text back"]
    return answer.message


async def put_back(stage: Stage, answer: discord.Message) -> str:
    """Press it; what stands in its place then, or the refusal."""
    result = await stage.lena.click(answer, label="Put text back")
    return said(result) if result.response or result.followups else menu_text(stage, answer)


async def test_the_text_comes_back_as_a_quote_that_notifies_nobody(stage: Stage) -> None:
    await stage.act_on_insults(delete_at=0.5)
    await stage.say(f"what an insult **<@{stage.priya.id}>** @everyone https://bad.example/x")
    assert stage.general.last_message is None

    said_then = await put_back(stage, await offered(stage))

    quote = stage.general.last_message
    assert quote is not None
    assert quote.content.startswith("Put back by the moderators: @\u200bKai wrote: what an insult \\*\\*\\<@\u200b")
    assert "@everyone" not in quote.content
    assert "https://" not in quote.content
    assert (quote.mentions, quote.mention_everyone) == ([], False)
    assert said_then == "The text stands there again, as a quote of mine."
    assert "It's fine, put back" in stage.card_text


async def test_after_undo_it_is_offered_too_and_only_once(stage: Stage) -> None:
    await flagged(stage, delete_at=0.5)
    await stage.lena.click(stage.card, label="Breaks rules")
    answer = await offered(stage, "Undo")
    await put_back(stage, answer)

    again = await stage.lena.click(stage.card, label="It's fine")
    assert again.followups[-1].components == []


async def test_nothing_is_offered_where_nothing_was_deleted(stage: Stage) -> None:
    await flagged(stage, timeout_at=0.5)

    result = await stage.lena.click(stage.card, label="It's fine")

    assert result.followups[-1].components == []


async def test_an_hour_later_it_is_refused(stage: Stage) -> None:
    await flagged(stage, delete_at=0.5)
    answer = await offered(stage)
    await stage.env.advance_time(3600)

    assert "more than an hour old" in await put_back(stage, answer)
    assert stage.general.last_message is None


async def test_a_channel_that_is_gone_is_said(stage: Stage) -> None:
    await flagged(stage, delete_at=0.5)
    answer = await offered(stage)
    stage.env.backend.delete_channel(stage.general.id)
    await stage.env.settle()

    assert "the channel is gone or hidden from me" in await put_back(stage, answer)


async def test_a_text_that_expired_is_said(stage: Stage) -> None:
    await flagged(stage, delete_at=0.5)
    answer = await offered(stage)
    await stage.house.cases.expire_texts(stage.env.now().replace(year=stage.env.now().year + 1), 10)

    assert "no longer kept" in await put_back(stage, answer)


async def test_without_manage_messages_nothing_is_put_back(stage: Stage) -> None:
    await flagged(stage, delete_at=0.5)
    answer = await offered(stage)
    only_moderate = discord.Permissions(moderate_members=True).value
    stage.env.backend.edit_role(stage.guild.id, stage.mods.id, {"permissions": only_moderate})

    assert "Manage Messages" in await put_back(stage, answer)
    assert stage.general.last_message is None


async def in_thread(stage: Stage) -> simcord.ChannelHandle:
    """An insult in a thread, deleted."""
    await stage.act_on_insults(delete_at=0.5)
    stage.env.backend.create_thread(stage.general.id, "co-op", stage.priya.id)
    await stage.env.settle()
    thread = stage.general.threads[0]
    await stage.kai.send(thread, "what an insult")
    await stage.post_cards()
    return thread


async def test_a_text_of_a_thread_goes_back_into_the_thread(stage: Stage) -> None:
    thread = await in_thread(stage)

    await put_back(stage, await offered(stage))

    assert thread.last_message is not None
    assert "what an insult" in thread.last_message.content


async def test_a_closed_thread_is_said(stage: Stage) -> None:
    thread = await in_thread(stage)
    answer = await offered(stage)
    stage.env.inject_error("POST", f"/channels/{thread.id}/messages", status=400, code=160005)

    assert await put_back(stage, answer) == "It could not be put back: the thread is closed."
    assert [record.state for record in (await stage.only_case()).actions] == ["done"]


async def test_a_thread_that_the_bot_may_not_write_in_is_said(stage: Stage) -> None:
    await in_thread(stage)
    answer = await offered(stage)
    guild = stage.bot.get_guild(stage.guild.id)
    assert guild is not None
    reading = discord.Permissions(view_channel=True, read_message_history=True, send_messages=True).value
    for role_id in (guild.id, guild.me.top_role.id):
        stage.env.backend.edit_role(stage.guild.id, role_id, {"permissions": reading})

    assert "I lack the permission Send Messages in Threads" in await put_back(stage, answer)
