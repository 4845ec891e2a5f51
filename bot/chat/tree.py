"""What all commands share: the tree with its last resort for errors, and whether Discord's list of commands is ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import discord
import structlog
from discord import app_commands

from bot.chat import texts
from bot.chat.messages import UNANSWERED

if TYPE_CHECKING:
    pass

log = structlog.get_logger(__name__)

_COMPARED = ("name", "description", "type", "options", "default_member_permissions")
"""Not where commands may be used: discord.py 2.7 reads Discord's answer to that wrongly (it loses the value 0)."""


class CandorTree(app_commands.CommandTree[Any]):
    """The commands. Each answers for itself (`answering.answer`); what fails before that is answered here."""

    async def on_error(self, interaction: discord.Interaction[Any], error: app_commands.AppCommandError, /) -> None:
        """Say that it failed, and log it with ids."""
        interaction.client.failures += 1
        log.error("command_failed", interaction_id=interaction.id, guild_id=interaction.guild_id, exc_info=error)
        try:
            if interaction.response.is_done():
                await interaction.followup.send(texts.BROKE, ephemeral=True)
            else:
                await interaction.response.send_message(texts.BROKE, ephemeral=True)
        except UNANSWERED as failure:
            log.warning("unanswered", interaction_id=interaction.id, why=type(failure).__name__)


async def differs(tree: CandorTree) -> bool:
    """Whether Discord's list of this application's global commands differs from the tree's."""
    there = []
    for command in await tree.fetch_commands():
        held = command.default_member_permissions
        there.append(_shape({**command.to_dict(), "default_member_permissions": held.value if held else None}))
    here = [_shape(command.to_dict(tree)) for command in tree.get_commands()]
    return sorted(there, key=_key) != sorted(here, key=_key)


def _shape(command: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _bare(command[key]) for key in _COMPARED if _bare(command.get(key))}


def _bare(value: Any) -> Any:
    """`value` without the empty fields and defaults that one side writes out and the other leaves away."""
    if isinstance(value, Mapping):
        return {key: _bare(item) for key, item in value.items() if _bare(item) not in (None, False, "", [], {})}
    if isinstance(value, list):
        return [_bare(item) for item in value] if any(isinstance(item, Mapping) for item in value) else sorted(value)
    return value


def _key(command: Mapping[str, Any]) -> tuple[int, str]:
    return int(command["type"]), str(command["name"])
