"""The buttons and menus of `/candor setup`. Their state is in `custom_id`, so an open page outlives a restart."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, cast, get_args

import discord

from bot.chat import setup_texts, texts
from bot.chat.answering import Said, answer, guild_of, ids_in, open_form
from bot.chat.scope import why_of
from bot.chat.setup_channel import MOST_ROLES, checked, private_channel, reviewing_roles
from bot.chat.setup_names import name_form
from bot.chat.setup_pages import PAGES, Page, guild_in, page_text
from bot.chat.setup_sample import sample_card
from bot.core.guild_rules import GuildRules
from bot.errors import BotError
from moderation_model.labels import LABEL_NAMES, LABELS

if TYPE_CHECKING:
    from bot.chat.answering import Pressed

MOST_CHANNELS = 25
TRIAL = timedelta(minutes=10)
Press = Literal["make", "keep", "again", "sample"]
Menu = Literal["review", "roles", "included", "exempt", "trying", "names"]

_PRESSES: dict[Press, str] = {
    "make": setup_texts.BUTTON_MAKE,
    "keep": setup_texts.BUTTON_NEXT,
    "again": setup_texts.BUTTON_AGAIN,
    "sample": setup_texts.BUTTON_SAMPLE,
}
_READ_TYPES = [
    discord.ChannelType.text,
    discord.ChannelType.news,
    discord.ChannelType.forum,
    discord.ChannelType.media,
    discord.ChannelType.voice,
    discord.ChannelType.stage_voice,
    discord.ChannelType.category,
]


class SetupButton(
    discord.ui.DynamicItem[discord.ui.Button[Any]],
    template=rf"candor:v1:setup_(?P<verb>{'|'.join((*get_args(Press), *(f'to_{page}(?:_back)?' for page in PAGES)))})",
):
    """One button: a press, or the way to a page ("to_scope", "to_scope_back")."""

    def __init__(self, verb: str, *, disabled: bool = False) -> None:
        label = _PRESSES.get(cast("Press", verb))
        if label is None:
            label = setup_texts.BUTTON_BACK if verb.endswith("_back") else setup_texts.BUTTON_NEXT
        forward = label == setup_texts.BUTTON_NEXT
        super().__init__(
            discord.ui.Button(
                label=label,
                style=discord.ButtonStyle.primary if forward else discord.ButtonStyle.secondary,
                custom_id=f"candor:v1:setup_{verb}",
                disabled=disabled,
                row=4 if verb == "keep" or verb.startswith("to_") else 3,
            )
        )
        self.verb = verb

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> SetupButton:
        """The button that was pressed."""
        return cls(match["verb"])

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Answer the press; raises nothing."""
        work = partial(self._press, interaction)
        await answer(interaction, work, feature="administer", replace=self.verb != "sample")

    async def _press(self, interaction: Pressed) -> Said:
        guild, setup = guild_in(interaction), interaction.client.flows.setup
        rules = await setup.rules(guild.id)
        if self.verb == "make":
            return await _goes_to(interaction, await private_channel(guild, rules))
        if self.verb == "keep":
            ticked = frozenset(role.id for role in reviewing_roles(guild, rules))
            await setup.choose(guild_id=guild.id, by=interaction.user.id, reviewers=ticked)
            return await show(interaction, "scope")
        if self.verb == "again":
            return await show(interaction, "permissions")
        if self.verb == "sample":
            return Said(view=sample_card(rules, interaction.user.id, interaction.created_at))
        return await show(interaction, cast("Page", self.verb.removeprefix("to_").removesuffix("_back")))


class SetupMenu(
    discord.ui.DynamicItem[discord.ui.Item[Any]], template=rf"candor:v1:setup_menu_(?P<menu>{'|'.join(get_args(Menu))})"
):
    """One menu; what is chosen in it holds at once."""

    def __init__(self, menu: Menu, item: discord.ui.Item[Any]) -> None:
        super().__init__(item)
        self.menu: Menu = menu

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> SetupMenu:
        """The menu in which was chosen."""
        return cls(cast("Menu", match["menu"]), item)

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Answer the choice; raises nothing."""
        values: list[str] = (interaction.data or {}).get("values", [])  # pyright: ignore[reportAssignmentType]
        if self.menu == "names":
            label = values[0] if values and values[0] in LABEL_NAMES else LABEL_NAMES[0]
            await open_form(interaction, partial(name_form, interaction, label), feature="administer")
            return
        await answer(interaction, partial(self._choose, interaction, values), feature="administer", replace=True)

    async def _choose(self, interaction: Pressed, values: Sequence[str]) -> Said:
        chosen = ids_in(values)
        setup, guild = interaction.client.flows.setup, guild_in(interaction)
        if self.menu == "review":
            return await _goes_to(interaction, checked(_text_channel(guild, chosen)))
        if self.menu == "trying":
            return await _try_in(interaction, _text_channel(guild, chosen))
        if self.menu == "roles":
            await setup.choose(guild_id=guild.id, by=interaction.user.id, reviewers=chosen)
            return await show(interaction, "roles", note="" if chosen else setup_texts.ROLES_NONE)
        change: dict[str, frozenset[int]] = {self.menu: chosen}
        await setup.choose(guild_id=guild.id, by=interaction.user.id, **change)
        return await show(interaction, "scope")


async def show(interaction: Pressed, page: Page, *, note: str = "") -> Said:
    """The page as it stands now; `note` is what the press before it did. Raises BotError and what discord.py raises."""
    guild = guild_in(interaction)
    rules = await interaction.client.flows.setup.rules(guild.id)
    return Said(await page_text(interaction, rules, page, note=note), page_view(guild, rules, page))


def page_view(guild: discord.Guild, rules: GuildRules, page: Page) -> discord.ui.View:
    """The page's menus and buttons, and the way back and on."""
    view = discord.ui.View(timeout=None)
    for item in _items(guild, rules, page):
        view.add_item(item)
    number = PAGES.index(page)
    if number:
        view.add_item(SetupButton(f"to_{PAGES[number - 1]}_back"))
    if page == "roles" and not rules.reviewer_role_ids:
        view.add_item(SetupButton("keep"))
    elif number + 1 < len(PAGES):
        lost = page == "channel" and guild.get_channel(rules.review_channel_id or 0) is None
        view.add_item(SetupButton(f"to_{PAGES[number + 1]}", disabled=lost))
    return view


def _items(guild: discord.Guild, rules: GuildRules, page: Page) -> list[discord.ui.Item[Any]]:
    text = [discord.ChannelType.text]
    match page:
        case "channel":
            now = [] if rules.review_channel_id is None else [rules.review_channel_id]
            return [_channels("review", setup_texts.CHANNEL_MENU, guild, now, text), SetupButton("make")]
        case "roles":
            ticked = [role.id for role in reviewing_roles(guild, rules)]
            kind = discord.SelectDefaultValueType.role
            menu = discord.ui.RoleSelect[Any](
                custom_id="candor:v1:setup_menu_roles",
                placeholder=setup_texts.ROLES_MENU,
                min_values=0,
                max_values=MOST_ROLES,
                default_values=[discord.SelectDefaultValue(id=each, type=kind) for each in ticked],
            )
            return [SetupMenu("roles", menu)]
        case "scope":
            lists: list[tuple[Menu, str, frozenset[int]]] = [
                ("included", setup_texts.SCOPE_INCLUDED_MENU, rules.included_channel_ids),
                ("exempt", setup_texts.SCOPE_EXEMPT_MENU, rules.exempt_channel_ids),
            ]
            fits = [each for each in lists if len(each[2]) <= MOST_CHANNELS]
            return [
                _channels(menu, title, guild, sorted(ids), _READ_TYPES, most=MOST_CHANNELS) for menu, title, ids in fits
            ]
        case "permissions":
            return [SetupButton("again")]
        case "names":
            return [_label_menu()]
        case "trying":
            return [_channels("trying", setup_texts.TRYING_MENU, guild, [], text), SetupButton("sample")]
    return []


def _channels(
    menu: Menu, title: str, guild: discord.Guild, ticked: list[int], types: list[discord.ChannelType], *, most: int = 1
) -> SetupMenu:
    kind = discord.SelectDefaultValueType.channel
    there = [each for each in ticked if guild.get_channel(each) is not None]
    item = discord.ui.ChannelSelect[Any](
        custom_id=f"candor:v1:setup_menu_{menu}",
        placeholder=title,
        channel_types=types,
        min_values=0 if most > 1 else 1,
        max_values=most,
        default_values=[discord.SelectDefaultValue(id=each, type=kind) for each in there],
    )
    return SetupMenu(menu, item)


def _label_menu() -> SetupMenu:
    options = [discord.SelectOption(label=spec.title, value=spec.name) for spec in LABELS]
    item = discord.ui.Select[Any](
        custom_id="candor:v1:setup_menu_names", placeholder=setup_texts.NAMES_MENU, options=options
    )
    return SetupMenu("names", item)


def _text_channel(guild: discord.Guild, chosen: frozenset[int]) -> discord.TextChannel:
    channel = guild.get_channel(next(iter(chosen), 0))
    if not isinstance(channel, discord.TextChannel):
        raise BotError(texts.CHANNEL_GONE[0].upper() + texts.CHANNEL_GONE[1:] + ".")
    return channel


async def _goes_to(interaction: Pressed, channel: discord.TextChannel) -> Said:
    await interaction.client.flows.setup.setup(
        guild_id=guild_of(interaction), review_channel_id=channel.id, ping_role_id=None, by=interaction.user.id
    )
    return await show(interaction, "channel")


async def _try_in(interaction: Pressed, channel: discord.TextChannel) -> Said:
    rules = await interaction.client.flows.setup.rules(channel.guild.id)
    if why_of(channel, rules) not in {"read", "vent"}:
        raise BotError(setup_texts.TRYING_UNREAD.format(channel=channel.mention))
    until = interaction.created_at + TRIAL
    interaction.client.trials[channel.guild.id, interaction.user.id] = (channel.id, until)
    note = setup_texts.TRYING_NOW.format(channel_id=channel.id, line=setup_texts.TRYING_LINE)
    return await show(interaction, "trying", note=note)
