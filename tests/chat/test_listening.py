"""Which messages are looked at, and which of their texts."""

from __future__ import annotations

from dataclasses import replace

import discord
import pytest
from simcord.backend import serializers
from simcord.backend.models import Poll, PollAnswer
from simcord.enums import MessageType

from bot.chat.listener import _embed_text
from tests.chat.conftest import Stage, buttons_of
from tests.fakes import FakeModel


def parts_of(stage: Stage) -> list[tuple[str, str]]:
    """The texts of the last message that went through the pass."""
    return [(part.kind, part.text) for part in stage.house.passed[-1].message.parts]


async def test_a_flagged_message_gets_a_card_with_buttons(stage: Stage) -> None:
    await stage.say("what an insult")

    assert "Insult · case 1" in stage.card_text
    assert list(buttons_of(stage.card)) == [
        "Breaks rules",
        "It's fine",
        "Skip",
        "Jump ↗",
        "Delete",
        "Timeout 10 min",
        "More…",
    ]


async def test_a_harmless_message_gets_none(stage: Stage) -> None:
    await stage.say("good game everybody")

    assert stage.review.last_message is None
    assert stage.house.passed[-1].outcome == "decided"


async def test_an_edit_is_looked_at_as_a_new_revision(stage: Stage) -> None:
    message = await stage.say("nice run")
    await stage.env.advance_time(5)
    await stage.kai.edit(message, "what an insult")
    await stage.post_cards()

    assert "Insult" in stage.card_text
    assert (await stage.only_case()).revision > 0


async def test_an_edit_of_a_message_from_before_a_restart_is_looked_at(stage: Stage, house_model: FakeModel) -> None:
    message = await stage.say("nice run")
    await stage.env.restart_bot()
    await stage.env.advance_time(5)
    await stage.kai.edit(message, "what an insult")

    assert house_model.classified[-1] == "what an insult"
    assert (await stage.only_case()).message_id == message.id


async def test_a_pin_or_a_link_preview_is_no_edit(stage: Stage, house_model: FakeModel) -> None:
    message = await stage.say("https://example.com")
    stored = stage.env.backend.get_message(stage.general.id, message.id)
    payload = dict(serializers.message_payload(stage.env.backend, stored))
    stage.env.backend.emit("MESSAGE_UPDATE", {**payload, "embeds": [{"type": "link", "title": "an insult"}]})
    await stage.env.settle()
    await stage.lena.set_pinned(message, True)

    assert house_model.classified == ["https://example.com"]


async def test_a_link_preview_on_an_edited_message_acts_no_second_time(stage: Stage) -> None:
    await stage.act_on_insults(timeout_at=0.5)
    message = await stage.say("hello there")
    await stage.env.advance_time(5)
    await stage.kai.edit(message, "what an insult")
    stored = stage.env.backend.get_message(stage.general.id, message.id)
    stage.env.backend.emit("MESSAGE_UPDATE", dict(serializers.message_payload(stage.env.backend, stored)))
    await stage.env.settle()

    assert stage.house.passed[-1].outcome == "replayed"
    assert len((await stage.only_case()).actions) == 1


async def test_the_preview_of_a_link_is_not_the_members_text(stage: Stage) -> None:
    link = {"type": "article", "title": "an insult", "description": "another insult"}
    stage.env.backend.create_message(stage.general.id, stage.kai.id, "https://example.com", embeds=[link])
    await stage.env.settle()

    assert parts_of(stage) == [("content", "https://example.com")]


async def test_a_forward_without_own_text_is_looked_at_and_named_on_the_card(stage: Stage) -> None:
    elsewhere = stage.guild.create_text_channel("elsewhere")
    await stage.rules(exempt_channel_ids=frozenset({elsewhere.id}))
    source = await stage.priya.send(elsewhere, "an insult from elsewhere")
    await stage.kai.forward(source, stage.general)
    await stage.post_cards()

    assert parts_of(stage) == [("forward", "an insult from elsewhere")]
    assert "forwarded by Kai" in stage.card_text


async def test_a_polls_question_and_answers_are_looked_at(stage: Stage) -> None:
    poll = Poll("Who is an insult?", [PollAnswer(1, "Priya"), PollAnswer(2, "Sam")], stage.env.now().isoformat())
    stage.env.backend.create_message(stage.general.id, stage.kai.id, poll=poll)
    await stage.env.settle()

    assert parts_of(stage) == [("poll", "Who is an insult?\nPriya\nSam")]


async def test_a_thread_is_looked_at(stage: Stage) -> None:
    stage.env.backend.create_thread(stage.general.id, "co-op", stage.kai.id)
    await stage.env.settle()
    thread = stage.general.threads[0]
    await stage.kai.send(thread, "hello there")
    assert parts_of(stage) == [("content", "hello there")]
    assert stage.house.passed[-1].message.category_ids == {stage.general.id}


async def test_a_forum_posts_title_belongs_to_its_first_message(stage: Stage) -> None:
    backend = stage.env.backend
    forum = stage.guild.create_forum_channel("ideas")
    post = backend.create_thread(forum.id, "insult of the day", stage.kai.id, broadcast=False)
    backend.announce_thread_create(post)
    backend.commit_message(replace(backend.prepare_message(post.id, stage.kai.id, "any?"), id=post.id))
    await stage.env.settle()
    assert parts_of(stage) == [("title", "insult of the day"), ("content", "any?")]

    await stage.priya.send(forum.threads[0], "none")
    assert parts_of(stage) == [("content", "none")]


async def test_a_foreign_webhooks_message_and_embed_are_looked_at(stage: Stage) -> None:
    webhook = stage.guild.create_webhook(stage.general, "Bridge")
    embed = discord.Embed(title="Hi", description="an insult", type="rich").add_field(name="a", value="b")
    await webhook.send("from afar", embed=embed)

    assert parts_of(stage) == [("content", "from afar"), ("embed", "Hi\nan insult\na\nb")]
    assert stage.house.passed[-1].message.by_webhook


async def test_bots_are_left_alone(stage: Stage, house_model: FakeModel) -> None:
    other = stage.guild.add_member(stage.env.create_user("Helper", bot=True))
    await other.send(stage.general, "an insult")

    assert house_model.classified == []


async def test_what_discord_itself_writes_is_left_alone(stage: Stage, house_model: FakeModel) -> None:
    stage.guild.create_system_message(stage.general, MessageType.NEW_MEMBER, author=stage.kai)
    await stage.env.settle()

    assert house_model.classified == []


async def test_direct_messages_are_left_alone(stage: Stage, house_model: FakeModel) -> None:
    await stage.kai.send_dm("an insult")

    assert house_model.classified == []


async def test_exempt_roles_channels_and_threads_below_them_are_left_alone(
    stage: Stage, house_model: FakeModel
) -> None:
    await stage.rules(exempt_role_ids=frozenset({stage.mods.id}), exempt_channel_ids=frozenset({stage.general.id}))
    thread = stage.env.backend.create_thread(stage.general.id, "chat", stage.kai.id)
    await stage.kai.send(stage.general, "an insult")
    await stage.kai.send(next(each for each in stage.general.threads if each.id == thread.id), "an insult")
    await stage.lena.send(stage.guild.create_text_channel("else"), "an insult")

    assert house_model.classified == []


async def test_a_moderator_is_not_exempt_by_default(stage: Stage) -> None:
    await stage.say("an insult", who=stage.lena)

    assert "Lena · joined" in stage.card_text


async def test_a_message_without_text_is_not_scored(stage: Stage, house_model: FakeModel) -> None:
    await stage.kai.send(stage.general, "", attachments=[("cat.png", b"cat")])

    assert house_model.classified == []
    assert stage.house.passed[-1].outcome == "empty"


async def test_unstorable_characters_are_dropped_at_the_entrance(stage: Stage) -> None:
    await stage.say("an insult\x00 with \ud800 surrogates")

    assert parts_of(stage) == [("content", "an insult with  surrogates")]
    assert stage.cases() == 1


async def test_one_message_that_fails_does_not_stop_the_next(
    stage: Stage, house_model: FakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError("broken")

    with monkeypatch.context() as patch:
        patch.setattr(house_model, "classify", broken)
        await stage.say("an insult")
    await stage.say("another insult")

    assert stage.bot.failures == 1
    assert stage.cases() == 1


@pytest.fixture
def house_model(stage: Stage) -> FakeModel:
    return stage.house.model


async def test_a_flood_is_handled_to_its_end(stage: Stage) -> None:
    for number in range(150):
        stage.env.backend.create_message(stage.general.id, stage.kai.id, f"message {number}")
    await stage.env.settle(timeout=30)
    await stage.bot.drain()

    assert len(stage.house.passed) == 150


def test_the_preview_of_a_link_is_not_the_members_own_words() -> None:
    preview = discord.Embed(
        title="Somebody on a site", description="an insult", url="https://example.com/1", type="rich"
    )
    assert _embed_text(preview) == ""
    assert _embed_text(preview, written=True) == "Somebody on a site\nan insult"
    assert _embed_text(discord.Embed(description="an insult", type="rich")) == "an insult"
