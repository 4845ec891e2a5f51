"""Nicknames and titles of threads: when they are looked at, what their cards offer, what is refused."""

from __future__ import annotations

import discord
import pytest

from bot.store.crypto import TextKey, new_key
from tests.chat.conftest import Stage, buttons_of, said

RUDE = "Insult King"


async def under_a_nickname(stage: Stage, nick: str | None = RUDE, **rules: object) -> None:
    """Kai writes under that nickname, where nicknames are looked at."""
    await stage.rules(**{"read_nicknames": True, **rules})
    stage.env.backend.edit_member(stage.guild.id, stage.kai.id, {"nick": nick})
    await stage.env.settle()
    await stage.say("good game")


async def let_rename(stage: Stage, *, moderators: bool = True) -> None:
    """Give the bot, and the moderators, Manage Nicknames."""
    may = discord.Permissions(moderate_members=True, manage_messages=True, manage_nicknames=True)
    guild = stage.bot.get_guild(stage.guild.id)
    assert guild is not None
    bot_may = may.value | 0x400 | 0x800 | 0x10000
    stage.env.backend.edit_role(stage.guild.id, guild.me.top_role.id, {"permissions": bot_may})
    if moderators:
        stage.env.backend.edit_role(stage.guild.id, stage.mods.id, {"permissions": may.value})


def nick_of(stage: Stage) -> str | None:
    return stage.env.backend.get_member(stage.guild.id, stage.kai.id).nick or None


async def test_a_nickname_gets_a_card_that_names_the_account_and_hides_the_nickname(stage: Stage) -> None:
    await under_a_nickname(stage)

    assert "🏷️ Nickname: Insult · case 1 · a nickname: nothing done by itself" in stage.card_text
    assert "\nKai · joined" in stage.card_text
    assert "\n||**Insult** King||" in stage.card_text
    assert "message:" not in stage.card_text.lower()
    assert list(buttons_of(stage.card)) == [
        *("Breaks rules", "It's fine", "Skip", "Jump ↗"),
        *("Reset nickname", "Timeout 10 min", "More…"),
    ]


async def test_nicknames_are_left_alone_by_default(stage: Stage) -> None:
    await under_a_nickname(stage, read_nicknames=False)

    assert stage.review.last_message is None
    assert stage.house.model.classified == ["good game"]


async def test_a_nickname_is_scored_once_and_opens_one_case(stage: Stage) -> None:
    await under_a_nickname(stage)
    await stage.say("well played")
    await stage.env.restart_bot()
    await stage.say("see you")

    assert stage.house.model.classified.count(RUDE) == 1
    assert len(stage.review.history()) == 1


async def test_nothing_happens_to_the_bearer_by_itself(stage: Stage) -> None:
    await stage.act_on_insults(timeout_at=0.5, delete_at=0.5)
    rules = await stage.house.guilds.get(stage.guild.id)
    await under_a_nickname(stage, labels=rules.labels)

    assert (await stage.case(1)).actions == ()
    assert stage.timed_out_until(stage.kai) is None
    assert stage.general.last_message is not None


async def test_a_moderator_resets_it_and_undo_gives_it_back(stage: Stage) -> None:
    await under_a_nickname(stage)
    await let_rename(stage)

    answer = said(await stage.lena.click(stage.card, label="Reset nickname"))

    assert answer == "The nickname is reset. Recorded: it breaks the rules."
    assert nick_of(stage) is None
    assert "✅ Broke rules, nickname reset · " in stage.card_text
    assert stage.guild.audit_log()[-1].reason == "case 1, confirmed by Lena"
    assert "The nickname is given back." in said(await stage.lena.click(stage.card, label="Undo"))
    assert nick_of(stage) == RUDE


async def test_a_nickname_that_comes_back_opens_its_case_again(stage: Stage) -> None:
    await under_a_nickname(stage)
    await let_rename(stage)
    await stage.lena.click(stage.card, label="Reset nickname")
    await stage.say("hello")
    await under_a_nickname(stage)

    assert (await stage.case(1)).state == "open"


async def test_resetting_needs_manage_nicknames_of_both(stage: Stage) -> None:
    await under_a_nickname(stage)
    mine = said(await stage.lena.click(stage.card, label="Reset nickname"))
    assert mine == "You need the permission Manage Nicknames for that."

    may = discord.Permissions(moderate_members=True, manage_nicknames=True)
    stage.env.backend.edit_role(stage.guild.id, stage.mods.id, {"permissions": may.value})
    guild = stage.bot.get_guild(stage.guild.id)
    assert guild is not None
    stage.env.backend.edit_role(stage.guild.id, guild.me.top_role.id, {"permissions": 0x400 | 0x800})
    bots = said(await stage.lena.click(stage.card, label="Reset nickname"))
    assert bots == "The reset of the nickname was not possible: I lack the permission Manage Nicknames."
    assert nick_of(stage) == RUDE
    assert (await stage.case(1)).state == "open"


@pytest.mark.parametrize("keep_text", [True, False])
async def test_a_nickname_that_changed_meanwhile_stays(stage: Stage, keep_text: bool) -> None:
    await under_a_nickname(stage, keep_text=keep_text)
    await let_rename(stage)
    stage.env.backend.edit_member(stage.guild.id, stage.kai.id, {"nick": "Kai the Kind"})

    answer = said(await stage.lena.click(stage.card, label="Reset nickname"))

    assert "they go by another name by now" in answer
    assert nick_of(stage) == "Kai the Kind"


async def test_where_no_texts_are_kept_the_nickname_of_the_case_is_reset(stage: Stage) -> None:
    await under_a_nickname(stage, keep_text=False)
    await let_rename(stage)

    await stage.lena.click(stage.card, label="Reset nickname")

    assert nick_of(stage) is None


async def test_where_no_texts_are_kept_a_changed_key_is_said_and_nothing_untrue(stage: Stage) -> None:
    await under_a_nickname(stage, keep_text=False)
    await let_rename(stage)
    stage.house.db.key = TextKey(new_key())

    answer = said(await stage.lena.click(stage.card, label="Reset nickname"))

    assert "or the bot's key was changed since" in answer
    assert nick_of(stage) == RUDE


async def test_the_author_of_a_nickname_can_be_timed_out_and_nothing_deleted(stage: Stage) -> None:
    await under_a_nickname(stage)
    await stage.lena.click(stage.card, label="Timeout 10 min")

    assert stage.timed_out_until(stage.kai) is not None
    assert stage.general.last_message is not None


async def test_an_exempt_role_may_bear_any_nickname(stage: Stage) -> None:
    role = stage.guild.create_role("Friends")
    stage.env.backend.edit_member(stage.guild.id, stage.kai.id, {"role_ids": [role.id]})
    await under_a_nickname(stage, exempt_role_ids=frozenset({role.id}))

    assert stage.review.last_message is None


# Titles of threads.


async def thread_called(stage: Stage, name: str) -> discord.abc.Snowflake:
    thread = stage.env.backend.create_thread(stage.general.id, name, stage.kai.id)
    await stage.env.settle()
    await stage.post_cards()
    return discord.Object(thread.id)


async def renamed(stage: Stage, thread: discord.abc.Snowflake, name: str) -> None:
    stage.env.backend.edit_channel(thread.id, {"name": name})
    await stage.env.settle()
    await stage.post_cards()


async def test_a_new_threads_title_is_looked_at_once_under_its_owner(stage: Stage) -> None:
    await thread_called(stage, "insult contest")

    assert "🏷️ Thread title: Insult · case 1 · a thread title: nothing done by itself" in stage.card_text
    assert "\nKai · joined" in stage.card_text
    assert stage.house.model.classified == ["insult contest"]
    assert list(buttons_of(stage.card))[4:] == ["Timeout 10 min", "More…"]


async def test_a_new_title_of_a_thread_is_looked_at_and_other_changes_are_not(stage: Stage) -> None:
    thread = await thread_called(stage, "co-op")
    await renamed(stage, thread, "insult contest")
    await renamed(stage, thread, "insult contest")
    stage.env.backend.announce_channel_update(thread.id)
    await stage.env.settle()

    assert stage.house.model.classified == ["co-op", "insult contest"]
    assert "Thread title: Insult" in stage.card_text


async def test_titles_are_left_alone_where_the_guild_says_so(stage: Stage) -> None:
    await stage.rules(read_titles=False)
    thread = await thread_called(stage, "insult contest")
    await renamed(stage, thread, "another insult contest")

    assert stage.house.model.classified == []


async def test_a_renamed_forum_post_is_looked_at(stage: Stage) -> None:
    forum = stage.guild.create_forum_channel("ideas")
    post = stage.env.backend.create_thread(forum.id, "ideas for maps", stage.kai.id, broadcast=False)
    stage.env.backend.announce_thread_create(post)
    await stage.env.settle()
    assert stage.house.model.classified == []

    await renamed(stage, discord.Object(post.id), "insult of the day")
    assert "Thread title: Insult" in stage.card_text


async def test_a_title_that_its_forum_post_was_flagged_for_opens_no_second_case(stage: Stage) -> None:
    forum = stage.guild.create_forum_channel("ideas")
    backend = stage.env.backend
    post = backend.create_thread(forum.id, "insult of the day", stage.kai.id, broadcast=False)
    backend.announce_thread_create(post)
    starter = backend.prepare_message(post.id, stage.kai.id, "any?")
    starter.id = post.id
    backend.commit_message(starter)
    await stage.env.settle()
    await stage.post_cards()
    assert "Insult · case 1" in stage.card_text

    backend.announce_channel_update(post.id)
    await stage.env.settle()
    assert stage.house.model.classified.count("insult of the day") == 1


async def test_the_titles_of_hidden_channels_and_of_bots_are_left_alone(stage: Stage) -> None:
    helper = stage.guild.add_member(stage.env.create_user("Helper", bot=True))
    stage.env.backend.create_thread(stage.general.id, "insult contest", helper.id)
    stage.env.backend.create_thread(stage.review.id, "insult contest", stage.lena.id)
    await stage.env.settle()

    assert stage.house.model.classified == []
