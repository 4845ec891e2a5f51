"""An administrator who presses through `/candor setup` on the simulated server."""

from __future__ import annotations

from typing import Any

import discord
import simcord

from bot.chat.setup_pages import PAGES, Page
from bot.core.guild_rules import GuildRules
from tests.chat.conftest import Stage


class Wizard:
    """The open page, and what an administrator presses on it."""

    def __init__(self, stage: Stage, page: discord.Message) -> None:
        self.stage, self.page = stage, page

    @classmethod
    async def opened(cls, stage: Stage) -> Wizard:
        result = await stage.admin.slash(stage.general, "candor setup")
        assert result.ephemeral
        messages = [each for each in [result.response, *result.followups] if each is not None]
        return cls(stage, messages[-1].message)

    @property
    def text(self) -> str:
        return self._stored.content

    @property
    def _stored(self) -> Any:
        return self.stage.env.backend.get_message(self.page.channel.id, self.page.id)

    async def press(self, verb: str) -> simcord.InteractionResult:
        return await self.stage.admin.click(self.page, custom_id=f"candor:v1:setup_{verb}")

    async def choose(self, menu: str, *values: Any) -> simcord.InteractionResult:
        return await self.stage.admin.select(self.page, values, custom_id=f"candor:v1:setup_menu_{menu}")

    def ticked(self, menu: str) -> set[int]:
        """What the menu shows as chosen already."""
        for row in self._stored.components:
            for component in row["components"]:
                if component["custom_id"] == f"candor:v1:setup_menu_{menu}":
                    return {int(each["id"]) for each in component.get("default_values", [])}
        raise AssertionError(f"there is no menu {menu!r}")

    def greyed_out(self, verb: str) -> bool:
        buttons = [each for row in self._stored.components for each in row["components"]]
        return next(bool(each.get("disabled")) for each in buttons if each["custom_id"] == f"candor:v1:setup_{verb}")


async def rules_of(stage: Stage) -> GuildRules:
    return await stage.house.setup.rules(stage.guild.id)


def set_permissions(stage: Stage, **held: bool) -> None:
    """Give the bot's own role these permissions or take them; it is no administrator from then on."""
    guild = stage.bot.get_guild(stage.guild.id)
    assert guild is not None
    role = guild.me.top_role
    permissions = discord.Permissions(role.permissions.value)
    permissions.update(administrator=False, **held)
    stage.env.backend.edit_role(stage.guild.id, role.id, {"permissions": permissions.value})


async def page(stage: Stage, name: Page) -> Wizard:
    """The wizard on that page, whatever the way there."""
    wizard = await Wizard.opened(stage)
    await wizard.press("to_roles")
    await wizard.press("keep")
    for each in PAGES[3 : PAGES.index(name) + 1]:
        await wizard.press(f"to_{each}")
    return wizard
