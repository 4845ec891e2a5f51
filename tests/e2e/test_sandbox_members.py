"""The members' side of the sandbox: what people do there and how a discord.py bot sees it."""

from __future__ import annotations

from datetime import timedelta

import aiohttp
import discord
import pytest

from bot.sandbox.errors import ApiError
from bot.sandbox.sandbox import Sandbox
from bot.sandbox.world import FORUM, Channel
from tests.e2e.probe import Probe


async def test_a_reply_carries_what_it_answers(sandbox: Sandbox, bot: Probe) -> None:
    first = await sandbox.say("Jonas", "gaming", "rematch tonight?")
    await sandbox.say("Mia", "gaming", "I'm going to destroy you at eight", reply_to=first["id"])
    await bot.heard("message")
    reply = await bot.heard("message")
    assert reply.type is discord.MessageType.reply
    assert reply.reference.resolved.content == "rematch tonight?"
    assert [member.global_name for member in reply.mentions] == ["Jonas"]


async def test_a_forward_is_empty_and_holds_a_snapshot(sandbox: Sandbox, bot: Probe) -> None:
    elsewhere = await sandbox.open_dm("Kai", "Dex")
    original = await sandbox.say("Dex", elsewhere["id"], "no one wants you here, loser")
    await sandbox.forward("Kai", original["id"], "general")
    heard = await bot.heard("message")
    assert (heard.content, heard.author.global_name) == ("", "Kai")
    assert heard.message_snapshots[0].content == "no one wants you here, loser"
    assert heard.reference.type is discord.MessageReferenceType.forward
    with pytest.raises(ApiError):
        await sandbox.forward("Mia", original["id"], "general")


async def test_the_bot_may_forward_too(sandbox: Sandbox, bot: Probe) -> None:
    await sandbox.say("Mia", "general", "worth keeping")
    forwarded = await (await bot.heard("message")).forward(bot.text("help"))
    assert forwarded.message_snapshots[0].content == "worth keeping"


async def test_polls_show_question_and_answers(sandbox: Sandbox, bot: Probe) -> None:
    await sandbox.say("Mia", "general", poll={"question": "Who is worst?", "answers": ["Kai", "Sam"]})
    poll = (await bot.heard("message")).poll
    assert (poll.question, [answer.text for answer in poll.answers]) == ("Who is worst?", ["Kai", "Sam"])


async def test_a_link_preview_is_an_update_but_no_edit(sandbox: Sandbox, bot: Probe) -> None:
    sent = await sandbox.say("Mia", "general", "see https://example.com")
    await sandbox.unfurl(sent["id"], [{"title": "Example", "description": "A page"}])
    update = await bot.heard("edit")
    assert update.message.embeds[0].title == "Example"
    assert update.message.edited_at is None


async def test_embeds_and_a_message_by_a_foreign_webhook_reach_the_bot(sandbox: Sandbox, bot: Probe) -> None:
    await sandbox.say("Mia", "general", embeds=[{"title": "hm", "description": "text in an embed"}])
    assert (await bot.heard("message")).embeds[0].description == "text in an embed"
    await sandbox.say_by_webhook("News", "general", "something new")
    heard = await bot.heard("message")
    assert heard.webhook_id == heard.author.id
    assert heard.application_id is None


async def test_threads_and_forum_posts_are_channels_of_their_own(sandbox: Sandbox, bot: Probe) -> None:
    sent = await sandbox.say("Mia", "general", "let us talk")
    made = await sandbox.create_thread("Mia", "general", "A talk", message_id=sent["id"], content="first words")
    assert (await bot.heard("thread")).id == int(made["id"]) == int(sent["id"])
    await bot.heard("message")
    inside = await bot.heard("message")
    assert (inside.content, inside.channel.parent.name) == ("first words", "general")
    await inside.channel.send("I am here too")
    thread = sandbox.channel(made["id"]).thread
    assert thread is not None
    thread.locked = True
    with pytest.raises(ApiError, match="locked"):
        await sandbox.say("Mia", made["id"], "one more word")

    forum = Channel(id=sandbox.world.snowflakes.make(), type=FORUM, name="builds", guild_id=sandbox.guild.id)
    sandbox.world.channels[forum.id] = forum
    post = await sandbox.create_thread("Kai", "builds", "My build", content="look at this")
    assert post["parent_id"] == str(forum.id)
    assert (await bot.heard("message")).content == "look at this"
    with pytest.raises(ApiError, match="first message"):
        await sandbox.create_thread("Kai", "builds", "Empty")


async def test_pings_follow_allowed_mentions_and_permission(sandbox: Sandbox, bot: Probe) -> None:
    kai, moderators = bot.person("Kai"), discord.utils.get(bot.guild.roles, name="Moderator")
    regulars = discord.utils.get(bot.guild.roles, name="Regular")
    assert moderators is not None
    assert regulars is not None
    text = f"{kai.mention} {moderators.mention} {regulars.mention} @everyone"
    channel = bot.text("general")
    loud = await channel.send(text)
    assert ([each.id for each in loud.mentions], loud.role_mentions) == ([kai.id], [moderators])
    assert not loud.mention_everyone
    quiet = await channel.send(text, allowed_mentions=discord.AllowedMentions.none())
    assert (quiet.mentions, quiet.role_mentions) == ([], [])
    chosen = await channel.send(text, allowed_mentions=discord.AllowedMentions(users=False, roles=[moderators]))
    assert (chosen.mentions, chosen.role_mentions) == ([], [moderators])


async def test_what_the_client_would_refuse_a_member_is_refused_with_a_sentence(sandbox: Sandbox, bot: Probe) -> None:
    sent = await sandbox.say("Kai", "general", "mine")
    for refused in (
        sandbox.say("Kai", "mod-review", "let me in"),
        sandbox.say("Kai", "general", "  "),
        sandbox.say("Kai", "general", "x" * 4001),
        sandbox.edit("Mia", sent["id"], "yours"),
        sandbox.delete("Mia", sent["id"]),
        sandbox.say("Nobody", "general", "hi"),
        sandbox.say("Kai", "nowhere", "hi"),
        sandbox.open_dm("Kai", "Nobody"),
    ):
        with pytest.raises(ApiError) as error:
            await refused
        assert error.value.message
    await sandbox.delete("Lena", sent["id"])
    assert sandbox.guild.audit[-1]["action_type"] == 72


async def test_a_member_who_is_timed_out_cannot_write_until_it_is_over(sandbox: Sandbox, bot: Probe) -> None:
    await bot.person("Kai").timeout(timedelta(minutes=5))
    with pytest.raises(ApiError, match="Missing Permissions"):
        await sandbox.say("Kai", "general", "hello?")
    sandbox.clock.advance(301)
    await sandbox.say("Kai", "general", "hello again")


async def test_odd_texts_travel(sandbox: Sandbox, bot: Probe) -> None:
    for text, shown in (
        ("a\ud800b", "a\ufffdb"),
        ("nul \x00 inside", "nul \x00 inside"),
        ("\u202eright to left", "\u202eright to left"),
        ("😂", "😂"),
        ("x" * 4000, "x" * 4000),
        ("e" + "\u0301" * 3000, "e" + "\u0301" * 3000),
    ):
        await sandbox.say("Mia", "general", text)
        assert (await bot.heard("message")).content == shown


async def test_somebody_who_left_is_no_member_any_more(sandbox: Sandbox, bot: Probe) -> None:
    kai = bot.person("Kai")
    sent = await sandbox.say("Kai", "general", "bye")
    await sandbox.remove_member("Kai")
    with pytest.raises(discord.NotFound) as refused:
        await kai.timeout(None)
    assert refused.value.code == 10007
    fetched = await bot.text("general").fetch_message(int(sent["id"]))
    assert fetched.author.id == kai.id


async def test_the_snapshot_holds_everything_that_the_page_shows(sandbox: Sandbox, bot: Probe) -> None:
    await sandbox.say("Mia", "general", "hello")
    shown = sandbox.snapshot()
    assert shown["guild"]["name"] == "Harbor Games"
    assert shown["bot"]["online"]
    assert next(each["name"] for each in shown["channels"]) == "general"
    assert {"Robin", "Lena", "Kai", "Candor"} <= {each["name"] for each in shown["members"]}
    general = next(each["id"] for each in shown["channels"] if each["name"] == "general")
    assert [each["content"] for each in shown["messages"][general]] == ["hello"]


async def test_the_page_answers_under_its_own_address_only(sandbox: Sandbox) -> None:
    async with aiohttp.ClientSession() as session:
        for headers in ({"Origin": "https://evil.example"}, {"Host": "evil.example"}):
            async with session.get(sandbox.page_url, headers=headers) as response:
                assert response.status == 403
