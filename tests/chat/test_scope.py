"""What is read on a server that has chosen nothing, and what `/candor scope` says about it."""

from __future__ import annotations

from typing import Any

import discord
import pytest
import simcord

from bot.chat.scope import pieces_of, scope_by_name
from tests.chat.conftest import Stage, said


def hidden_from_all(stage: Stage) -> dict[Any, discord.PermissionOverwrite]:
    return {stage.guild.default_role: discord.PermissionOverwrite(view_channel=False)}


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("staff", "staff"),
        ("🔧┃mod-chat", "staff"),
        ("staff_lounge", "staff"),
        ("admins", "staff"),
        ("ticket-0042", "ticket"),
        ("closed-0042", "ticket"),
        ("open-a-ticket", "ticket"),
        ("modmail", "ticket"),
        ("logs", "log"),
        ("mod-logs", "log"),
        ("join-leave-log", "log"),
        ("auditlog", "log"),
        ("bot-commands", "bot"),
        ("🤖・bots", "bot"),
        ("cmds", "bot"),
        ("bot_spam", "bot"),
        ("nsfw-memes", "nsfw"),
    ],
)
def test_a_channel_is_left_alone_for_what_its_name_says(name: str, why: str) -> None:
    assert scope_by_name(name).left_alone == why


@pytest.mark.parametrize(
    "name",
    [
        "events",
        "adventure",
        "inventory",
        "prevention",
        "change-log",
        "workout-logs",
        "catalog",
        "mods",
        "modern-art",
        "bot-dev",
        "robotics",
        "administrivia",
        "blog",
        "general-2",
        "minecraft-mods",
        "closed-beta",
    ],
)
def test_a_topic_that_only_looks_like_one_is_read(name: str) -> None:
    scope = scope_by_name(name)

    assert (scope.left_alone, scope.vent) == (None, False)


@pytest.mark.parametrize("name", ["vent", "venting", "🌧️-vent-here", "vent_2", "ᴠᴇɴᴛ", "𝓿𝓮𝓷𝓽", "support-vent"])
def test_a_channel_for_venting_is_known_in_its_spellings(name: str) -> None:
    assert scope_by_name(name).vent


def test_names_are_read_in_words() -> None:
    assert pieces_of("📋┃ModChat-02") == ("mod", "chat", "02")


async def test_a_channel_that_not_everybody_can_read_is_left_alone(stage: Stage) -> None:
    club = stage.guild.create_text_channel(
        "club", overwrites={**hidden_from_all(stage), stage.mods: discord.PermissionOverwrite(view_channel=True)}
    )
    await stage.lena.send(club, "what an insult")

    assert stage.house.passed[-1].outcome == "exempt"


async def test_an_age_restricted_channel_is_left_alone(stage: Stage) -> None:
    adult = stage.guild.create_text_channel("evenings")
    known = stage.bot.get_channel(adult.id)
    assert isinstance(known, discord.TextChannel)
    known.nsfw = True
    await stage.kai.send(adult, "what an insult")

    assert stage.house.passed[-1].outcome == "exempt"


async def test_a_thread_follows_its_channel_whatever_it_is_called(stage: Stage) -> None:
    quiet = stage.guild.create_text_channel("bot-commands")
    for channel, name in ((quiet, "general talk"), (stage.general, "mod-logs")):
        stage.env.backend.create_thread(channel.id, name, stage.kai.id)
    await stage.kai.send(quiet.threads[0], "what an insult")
    await stage.kai.send(stage.general.threads[0], "what an insult")

    outcomes = {passed.message.channel_name: passed.outcome for passed in stage.house.passed}
    assert (outcomes["general talk"], outcomes["mod-logs"]) == ("exempt", "decided")
    assert stage.cases() == 1


async def test_a_channel_that_was_chosen_is_read_in_full(stage: Stage) -> None:
    quiet = stage.guild.create_text_channel("bot-commands")
    await stage.rules(included_channel_ids=frozenset({quiet.id}))
    await stage.kai.send(quiet, "what an insult")

    assert stage.cases() == 1


async def test_where_people_vent_insults_and_keywords_open_nothing(stage: Stage) -> None:
    await run(stage, "candor rules keyword", pattern="garbage")
    vent = stage.guild.create_text_channel("vent")
    await stage.kai.send(vent, "what an insult, what garbage")

    assert (stage.house.passed[-1].outcome, stage.cases()) == ("decided", 0)


async def test_where_people_vent_a_cry_for_help_and_a_threat_are_heard(stage: Stage) -> None:
    vent = stage.guild.create_text_channel("vent")
    await stage.kai.send(vent, "I don't think anyone would notice if I was gone")
    await stage.priya.send(vent, "a threat")

    assert [(await stage.case(number)).opened_why for number in (1, 2)] == ["care", "flagged"]


async def test_a_channel_for_venting_that_was_chosen_is_read_in_full(stage: Stage) -> None:
    vent = stage.guild.create_text_channel("vent")
    await run(stage, "candor scope", channel=vent, look=True)
    await stage.kai.send(vent, "what an insult")

    assert stage.cases() == 1


async def run(stage: Stage, name: str, *, who: simcord.MemberActor | None = None, **options: object) -> str:
    return said(await (who or stage.admin).slash(stage.general, name, **options))


async def test_scope_lists_what_is_read_and_why_not(stage: Stage) -> None:
    vent, staff = stage.guild.create_text_channel("vent"), stage.guild.create_text_channel("staff-chat")
    club = stage.guild.create_text_channel("club", overwrites=hidden_from_all(stage))
    memes = stage.guild.create_text_channel("memes")
    await run(stage, "candor scope", channel=memes)
    await run(stage, "candor scope", role=stage.mods)

    lines = (await run(stage, "candor scope")).splitlines()

    assert f"**Read** (1): <#{stage.general.id}>" in lines
    assert f"**Read for cries for help and threats only**, for venting (1): <#{vent.id}>" in lines
    assert f"Left alone, my own channels (1): <#{stage.review.id}>" in lines
    assert f"Left alone, as you chose (1): <#{memes.id}>" in lines
    assert f"Left alone, @everyone cannot read them (1): <#{club.id}>" in lines
    assert f"Left alone, for staff by their names (1): <#{staff.id}>" in lines
    assert f"Left alone, members with the roles (1): <@&{stage.mods.id}>" in lines


async def test_a_long_list_still_fits_one_message(stage: Stage) -> None:
    for number in range(60):
        stage.guild.create_text_channel(f"talk-{number}")
        stage.guild.create_text_channel(f"ticket-{number}")

    answer = await run(stage, "candor scope")

    assert "**Read** (61)" in answer
    assert "and 46 more" in answer
    assert answer.endswith("for all in it.")


async def test_a_server_of_which_nothing_is_read_is_told_so(stage: Stage) -> None:
    await run(stage, "candor scope", channel=stage.general)

    assert (await run(stage, "candor scope")).startswith("⚠️ I read no channel.")


async def test_scope_is_for_those_who_manage_the_server(stage: Stage) -> None:
    with pytest.raises(simcord.SetupError):
        await run(stage, "candor scope", who=stage.kai)
