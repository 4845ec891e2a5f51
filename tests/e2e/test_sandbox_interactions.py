"""Interactions through the sandbox: commands, buttons, menus and forms of an unmodified discord.py bot."""

from __future__ import annotations

from typing import Any

import discord
import pytest
from discord import app_commands, ui

from bot.sandbox.errors import ApiError
from bot.sandbox.sandbox import Sandbox
from tests.e2e.probe import Probe

Press = discord.Interaction[discord.Client]


class Note(ui.Modal, title="Say why"):
    """A form with a text field and a menu."""

    why: ui.TextInput[Any] = ui.TextInput(label="Why", custom_id="why", min_length=3, max_length=50)
    label: ui.Label[Any] = ui.Label(
        text="Labels",
        component=ui.Select(
            custom_id="labels", options=[discord.SelectOption(label="Insult"), discord.SelectOption(label="Threat")]
        ),
    )

    async def on_submit(self, interaction: Press) -> None:
        assert isinstance(self.label.component, ui.Select)
        await interaction.response.send_message(f"{self.why.value}: {self.label.component.values}", ephemeral=True)


class Desk(ui.View):
    """Buttons and menus, one for each way to answer."""

    def __init__(self) -> None:
        super().__init__(timeout=None)
        self.chosen: list[Any] = []

    @ui.button(label="Quiet", custom_id="quiet")
    async def quiet(self, interaction: Press, button: ui.Button[Any]) -> None:
        await interaction.response.send_message("only you see this", view=Desk(), ephemeral=True)

    @ui.button(label="Change", custom_id="change")
    async def change(self, interaction: Press, button: ui.Button[Any]) -> None:
        await interaction.response.edit_message(content="changed", view=None)

    @ui.button(label="Later", custom_id="later")
    async def later(self, interaction: Press, button: ui.Button[Any]) -> None:
        await interaction.response.defer()
        await interaction.edit_original_response(content="changed later")
        await interaction.followup.send("and told", ephemeral=True)

    @ui.button(label="Form", custom_id="form")
    async def form(self, interaction: Press, button: ui.Button[Any]) -> None:
        await interaction.response.send_modal(Note())

    @ui.button(label="Dead", custom_id="dead", disabled=True)
    async def dead(self, interaction: Press, button: ui.Button[Any]) -> None:
        pytest.fail("a greyed button cannot be pressed")

    @ui.select(custom_id="words", options=[discord.SelectOption(label=each) for each in "abc"], max_values=2, row=1)
    async def words(self, interaction: Press, select: ui.Select[Any]) -> None:
        self.chosen = [select.values, "resolved" in (interaction.data or {})]
        await interaction.response.defer()

    @ui.select(cls=ui.UserSelect, custom_id="people", row=2)
    async def people(self, interaction: Press, select: ui.UserSelect[Any]) -> None:
        await interaction.response.send_message(f"chose {[str(each) for each in select.values]}")


@pytest.fixture
async def desk(bot: Probe) -> tuple[Desk, int]:
    """A message with every kind of component in #general."""
    view = Desk()
    return view, (await bot.text("general").send("the desk", view=view)).id


async def test_a_button_answers_only_its_presser(sandbox: Sandbox, desk: tuple[Desk, int]) -> None:
    _, message_id = desk
    with sandbox.subscribe() as events:
        answer = await sandbox.press("Kai", message_id, "quiet")
        shown = await events.until(lambda event: event["type"] == "ephemeral")
    assert answer.kind == "message"
    assert answer.ephemeral
    assert answer.message is not None
    assert answer.message["content"] == "only you see this"
    assert shown["user_id"] == str(sandbox.member("Kai").user.id)
    assert list(sandbox.channel("general").messages) == [message_id]
    assert (await sandbox.press("Kai", answer.message["id"], "quiet")).ephemeral
    with pytest.raises(ApiError, match="Unknown Message"):
        await sandbox.press("Mia", answer.message["id"], "quiet")


async def test_a_button_changes_its_message(sandbox: Sandbox, desk: tuple[Desk, int]) -> None:
    _, message_id = desk
    answer = await sandbox.press("Kai", message_id, "change")
    assert answer.kind == "update"
    assert sandbox.channel("general").messages[message_id]["content"] == "changed"
    with pytest.raises(ApiError, match="nothing to press"):
        await sandbox.press("Kai", message_id, "change")


async def test_a_deferred_button_shows_what_comes_after(sandbox: Sandbox, desk: tuple[Desk, int]) -> None:
    _, message_id = desk
    first = await sandbox.press("Kai", message_id, "later")
    second = await sandbox.after(first)
    third = await sandbox.after(second)
    assert [first.kind, second.kind, third.kind] == ["deferred", "update", "message"]
    assert third.ephemeral
    assert sandbox.channel("general").messages[message_id]["content"] == "changed later"


async def test_greyed_and_unknown_buttons_cannot_be_pressed(sandbox: Sandbox, desk: tuple[Desk, int]) -> None:
    _, message_id = desk
    with pytest.raises(ApiError, match="greyed out"):
        await sandbox.press("Kai", message_id, "dead")
    with pytest.raises(ApiError, match="'quiet'"):
        await sandbox.press("Kai", message_id, "nothing")


async def test_a_string_select_carries_values_and_resolves_nothing(sandbox: Sandbox, desk: tuple[Desk, int]) -> None:
    view, message_id = desk
    assert (await sandbox.select("Kai", message_id, "words", ["a", "c"])).kind == "deferred"
    assert view.chosen == [["a", "c"], False]
    with pytest.raises(ApiError, match="1 to 2"):
        await sandbox.select("Kai", message_id, "words", ["a", "b", "c"])
    with pytest.raises(ApiError, match="a, b, c"):
        await sandbox.select("Kai", message_id, "words", ["z"])


async def test_a_user_select_resolves_members(sandbox: Sandbox, desk: tuple[Desk, int]) -> None:
    answer = await sandbox.select("Kai", desk[1], "people", ["Priya"])
    assert answer.message is not None
    assert answer.message["content"] == "chose ['priya']"


async def test_a_form_opens_is_filled_in_and_answered(sandbox: Sandbox, desk: tuple[Desk, int]) -> None:
    opened = await sandbox.press("Kai", desk[1], "form")
    assert opened.kind == "modal"
    assert opened.modal is not None
    assert opened.modal["title"] == "Say why"
    with pytest.raises(ApiError, match="3 to 50"):
        await sandbox.submit_modal("Kai", opened.modal["id"], {"why": "no", "labels": ["Threat"]})
    with pytest.raises(ApiError, match="no such form"):
        await sandbox.submit_modal("Mia", opened.modal["id"], {"why": "because", "labels": ["Threat"]})
    answer = await sandbox.submit_modal("Kai", opened.modal["id"], {"why": "because", "labels": ["Threat"]})
    assert answer.message is not None
    assert answer.message["content"] == "because: ['Threat']"


async def test_commands_take_options_of_every_kind(sandbox: Sandbox, bot: Probe) -> None:
    group = app_commands.Group(name="case", description="Cases")

    @group.command(name="show", description="Show a case")
    @app_commands.choices(how=[app_commands.Choice(name="Short", value="short")])
    async def show(  # noqa: PLR0917
        interaction: Press,
        who: discord.Member,
        where: discord.TextChannel,
        role: discord.Role,
        number: app_commands.Range[int, 1, 9],
        how: str,
        loud: bool = False,
    ) -> None:
        told = f"{who.display_name} {where.name} {role.name} {number} {how} {loud}"
        await interaction.response.send_message(told, ephemeral=not loud)

    bot.tree.add_command(group)
    await bot.tree.sync()
    options = {"who": "Priya", "where": "#vent", "role": "Regular", "number": "3", "how": "short", "loud": True}
    answer = await sandbox.slash("Lena", "general", "case show", options)
    assert answer.message is not None
    assert answer.message["content"] == "Priya vent Regular 3 short True"
    for changed, sentence in (
        ({"number": 10}, "from 1 to 9"),
        ({"how": "long"}, "short"),
        ({"why": "x"}, "no option 'why'"),
        ({"who": "Nobody"}, "no user named"),
    ):
        with pytest.raises(ApiError, match=sentence):
            await sandbox.slash("Lena", "general", "case show", {**options, **changed})
    with pytest.raises(ApiError, match="needs the option 'who'"):
        await sandbox.slash("Lena", "general", "case show")
    with pytest.raises(ApiError, match="needs one of: show"):
        await sandbox.slash("Lena", "general", "case")


async def test_context_menus_carry_their_message_or_user(sandbox: Sandbox, bot: Probe) -> None:
    @bot.tree.context_menu(name="Why?")
    async def why(interaction: Press, message: discord.Message) -> None:
        await interaction.response.send_message(f"because of {message.content!r}", ephemeral=True)

    @bot.tree.context_menu(name="Look up")
    async def look_up(interaction: Press, user: discord.Member) -> None:
        await interaction.response.send_message(f"{user.display_name} joined {user.joined_at:%Y}", ephemeral=True)

    await bot.tree.sync()
    sent = await sandbox.say("Kai", "general", "hm")
    asked = await sandbox.context_menu("Lena", "Why?", message_id=sent["id"])
    assert asked.message is not None
    assert asked.message["content"] == "because of 'hm'"
    looked = await sandbox.context_menu("Lena", "Look up", user="Kai", channel="general")
    assert looked.message is not None
    assert looked.message["content"] == "Kai joined 2023"


async def test_a_command_is_only_for_those_whom_its_permissions_allow(sandbox: Sandbox, bot: Probe) -> None:
    @bot.tree.command(name="pause", description="Pause")
    @app_commands.default_permissions(manage_guild=True)
    @app_commands.guild_only()
    async def pause(interaction: Press) -> None:
        await interaction.response.send_message("paused")

    @bot.tree.command(name="open", description="For all who see the channel")
    async def open_to_all(interaction: Press) -> None:
        await interaction.response.send_message("open")

    await bot.tree.sync()
    for name in ("Kai", "Lena"):
        with pytest.raises(ApiError, match=f"{name} may not use 'pause'"):
            await sandbox.slash(name, "general", "pause")
    assert (await sandbox.slash("Robin", "general", "pause")).kind == "message"
    with pytest.raises(ApiError, match="may not use"):
        await sandbox.slash("Mia", "mod-review", "open")
    direct = await sandbox.open_dm("Robin", "Candor")
    with pytest.raises(ApiError, match="direct messages"):
        await sandbox.slash("Robin", direct["id"], "pause")


async def test_thinking_ends_with_the_first_followup_and_keeps_its_privacy(sandbox: Sandbox, bot: Probe) -> None:
    @bot.tree.command(name="slow", description="Think")
    async def slow(interaction: Press) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        await interaction.followup.send("done", ephemeral=False)
        await interaction.followup.send("more", ephemeral=True)

    await bot.tree.sync()
    answer = await sandbox.slash("Kai", "general", "slow")
    assert answer.message is not None
    assert (answer.message["content"], answer.ephemeral) == ("done", True)
    more = await sandbox.after(answer)
    assert more.message is not None
    assert more.message["content"] == "more"
    assert sandbox.channel("general").messages == {}


async def test_autocompletion_offers_choices(sandbox: Sandbox, bot: Probe) -> None:
    @bot.tree.command(name="pick", description="Pick")
    async def pick(interaction: Press, word: str) -> None:
        await interaction.response.send_message(word)

    @pick.autocomplete("word")
    async def complete(interaction: Press, current: str) -> list[app_commands.Choice[str]]:
        return [app_commands.Choice(name=f"{current}!", value=current)]

    await bot.tree.sync()
    answer = await sandbox.autocomplete("Kai", "general", "pick", "word", "ab")
    assert answer.choices == ({"name": "ab!", "value": "ab"},)
