"""Texts put back under the member's name: as written, notifying nobody, never judged again; else the bot's quote."""

from __future__ import annotations

import discord
import pytest

from bot.chat.reposting import webhook_name
from tests.chat.conftest import Stage, menu_text


async def let_repost(stage: Stage, *, webhooks: bool = True) -> None:
    """The guild wants the member's name; the bot may, or may not, use webhooks."""
    may = discord.Permissions(
        view_channel=True, send_messages=True, manage_messages=True, read_message_history=True, manage_webhooks=webhooks
    )
    guild = stage.bot.get_guild(stage.guild.id)
    assert guild is not None
    stage.env.backend.edit_role(stage.guild.id, guild.me.top_role.id, {"permissions": may.value})
    await stage.env.settle()
    rules = await stage.house.guilds.get(stage.guild.id)
    await stage.rules(labels=rules.labels, put_back_as_member=True)


async def put_back(stage: Stage, text: str = "what an insult **to** @everyone") -> str:
    """A deleted message of Kai's is found fine and put back; what Lena is told."""
    await stage.say(text)
    assert stage.general.last_message is None
    result = await stage.lena.click(stage.card, label="It's fine")
    answer = result.followups[-1].message
    await stage.lena.click(answer, label="Put text back")
    return menu_text(stage, answer)


async def test_the_text_stands_there_as_written_by_webhook_and_notifies_nobody(stage: Stage) -> None:
    await stage.act_on_insults(delete_at=0.5)
    await let_repost(stage)

    assert await put_back(stage) == "The text stands there again, under the member's name."

    posted = stage.general.last_message
    assert posted is not None
    assert posted.webhook_id is not None
    assert posted.content == "what an insult **to** @everyone"
    assert not posted.mention_everyone
    (sent,) = [
        each
        for each in stage.env.http_requests
        if each.method == "POST" and "/webhooks/" in each.path and each.json and "username" in each.json
    ]
    assert sent.json is not None
    assert sent.json["username"] == "Kai"
    assert sent.json["allowed_mentions"] == {"parse": []}


async def test_what_the_bot_put_back_is_not_judged_again(stage: Stage) -> None:
    await stage.act_on_insults(delete_at=0.5)
    await let_repost(stage)
    await put_back(stage)
    await stage.env.settle()

    assert stage.cases() == 1
    assert stage.general.last_message is not None


async def test_one_webhook_serves_a_channel(stage: Stage) -> None:
    await stage.act_on_insults(delete_at=0.5)
    await let_repost(stage)
    await put_back(stage)
    stage.env.backend.delete_message(stage.general.id, stage.general.last_message.id)  # pyright: ignore[reportOptionalMemberAccess]
    await stage.env.advance_time(3600)
    await put_back(stage, "another insult, an hour later")

    assert len(stage.env.backend.webhooks) == 1


async def test_without_manage_webhooks_it_is_a_quote_and_said_why(stage: Stage) -> None:
    await stage.act_on_insults(delete_at=0.5)
    await let_repost(stage, webhooks=False)

    assert await put_back(stage) == (
        "The text stands there again, as a quote of mine. "
        "Not under the member's name: I lack the permission Manage Webhooks."
    )
    posted = stage.general.last_message
    assert posted is not None
    assert posted.content.startswith("Put back by the moderators: @\u200bKai wrote:")


async def test_where_discord_refuses_the_webhook_it_is_a_quote_too(stage: Stage) -> None:
    await stage.act_on_insults(delete_at=0.5)
    await let_repost(stage)
    stage.env.inject_error("POST", f"/channels/{stage.general.id}/webhooks", status=400, code=30007)

    assert "Not under the member's name: Discord refused (code 30007)." in await put_back(stage)


async def test_by_default_it_is_a_quote(stage: Stage) -> None:
    await stage.act_on_insults(delete_at=0.5)

    assert await put_back(stage) == "The text stands there again, as a quote of mine."
    assert stage.env.backend.webhooks == {}


@pytest.mark.parametrize(
    ("name", "taken"),
    [
        ("Kai", "Kai"),
        ("Discord Fan", "Dis\u200acord Fan"),
        ("bonnie and CLYDE", "bonnie and CLY\u200aDE"),
        ("everyone", "eve\u200aryone"),
        ("@Kai: #1 ```", "Kai 1"),
        ("@@@", "member"),
        ("", "member"),
        ("a" * 200, "a" * 80),
    ],
)
def test_names_that_discord_refuses_are_substituted(name: str, taken: str) -> None:
    assert webhook_name(name) == taken
