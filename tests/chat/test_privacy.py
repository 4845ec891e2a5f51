"""`/privacy` as anybody on the server uses it, and what cards show where no texts are kept."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import simcord

from bot.chat.servers import DiscordServers
from bot.core.guild_rules import LabelRule, default_labels
from tests.chat.conftest import Stage, buttons_of, menu_text, private, said, text_of
from tests.chat.test_names import let_rename, nick_of, under_a_nickname


async def own_file(result: simcord.InteractionResult) -> dict[str, Any]:
    (file,) = private(result).attachments
    assert file.filename.startswith("candor-my-data-")
    return json.loads(await file.read())


async def forget(stage: Stage, who: simcord.MemberActor) -> str:
    """Ask to be forgotten and confirm it; what stands in the private message then."""
    asked = await who.slash(stage.general, "privacy forget")
    message = private(asked)
    await who.click(message, label="Forget me on this server")
    return menu_text(stage, message)


async def test_anybody_gets_what_is_stored_on_them_as_a_private_file(stage: Stage) -> None:
    await stage.say("what an insult")
    result = await stage.kai.slash(stage.general, "privacy mine")
    assert "Nobody else sees this message." in said(result)
    found = await own_file(result)
    assert found["member"] == str(stage.kai.id)
    assert [row["text"] for row in found["cases"]["rows"]] == ["what an insult"]


async def test_no_member_sees_what_is_stored_on_another(stage: Stage) -> None:
    await stage.say("what an insult")
    assert said(await stage.priya.slash(stage.general, "privacy mine")) == "Nothing is stored on you on this server."


async def test_to_be_forgotten_is_confirmed_first(stage: Stage) -> None:
    await stage.say("what an insult")
    await stage.lena.click(stage.card, label="It's fine")
    await stage.env.advance_time(60)
    asked = private(await stage.kai.slash(stage.general, "privacy forget"))
    assert "stays as a bare fact" in asked.content
    assert (await stage.only_case()).text == "what an insult"

    answer = await forget(stage, stage.kai)

    assert answer.startswith("Done. 1 text is dropped.")
    assert (await stage.only_case()).text is None
    assert "what an insult" not in stage.card_text


async def test_whoever_presses_forgets_themselves_and_nobody_else(stage: Stage) -> None:
    await stage.say("what an insult")
    await stage.lena.click(stage.card, label="It's fine")
    await stage.env.advance_time(60)
    await forget(stage, stage.priya)
    assert (await stage.only_case()).text == "what an insult"


async def test_a_choice_is_made_and_taken_back_privately(stage: Stage) -> None:
    assert "moderated like everybody else" in said(await stage.kai.slash(stage.general, "privacy optout"))
    assert "Taken back" in said(await stage.kai.slash(stage.general, "privacy optin"))


async def test_a_server_that_keeps_no_texts_shows_none_on_its_cards_and_leads_to_the_message(stage: Stage) -> None:
    await stage.rules(keep_text=False, labels={**default_labels(), "insult": LabelRule(timeout_at=0.5)})
    await stage.say("what an insult, you fool")
    assert not [word for word in ("insult, you", "fool") if word in stage.card_text]
    assert "Texts are not kept on this server" in stage.card_text
    assert f"<@{stage.kai.id}>" in stage.card_text
    assert "Jump ↗" in buttons_of(stage.card)
    assert "Timeout 10 min" in buttons_of(stage.card)

    await stage.lena.click(stage.card, label="It's fine")
    assert stage.timed_out_until(stage.kai) is None
    assert list(buttons_of(stage.card)) == ["Undo", "Change"]
    assert all("fool" not in text_of(message) for message in stage.review.history())


async def test_a_nickname_is_reset_where_nobody_kept_which_one_it_was(stage: Stage) -> None:
    await under_a_nickname(stage, keep_text=False)
    await let_rename(stage)
    assert "King" not in stage.card_text
    await stage.lena.click(stage.card, label="Reset nickname")
    assert nick_of(stage) is None


async def test_a_server_that_removed_the_bot_is_noted_and_an_outage_is_not(stage: Stage) -> None:
    servers = DiscordServers(stage.bot)
    assert await servers.mine() == {stage.guild.id}
    stage.bot.dispatch("guild_unavailable", stage.bot.guilds[0])
    await stage.env.settle()
    assert await stage.house.stores.departures.noted() == {}

    stage.env.backend.remove_guild(stage.guild.id)
    async with asyncio.timeout(30):
        while list(await stage.house.stores.departures.noted()) != [stage.guild.id]:
            await stage.env.settle()
    assert await servers.mine() == frozenset()


async def test_being_invited_again_takes_the_note_back(stage: Stage) -> None:
    await stage.house.stores.departures.left([stage.guild.id], at=stage.env.now())
    stage.bot.dispatch("guild_join", stage.bot.guilds[0])
    async with asyncio.timeout(30):
        while await stage.house.stores.departures.noted():
            await stage.env.settle()
