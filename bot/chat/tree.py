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

    async def interaction_check(self, interaction: discord.Interaction[Any], /) -> bool:
        """True. Raises AppCommandError for an option that the command does not take (any more): Discord checks them
        against the command as it knows it.
        """
        # Whoever is still typing has not chosen yet.
        if interaction.type is discord.InteractionType.application_command:
            given = interaction.namespace
            for parameter in getattr(interaction.command, "parameters", ()):
                if not _fits(parameter, getattr(given, parameter.name, None)):
                    raise app_commands.AppCommandError("an option that the command does not take")
        return True

    async def _call(self, interaction: discord.Interaction[Any]) -> None:
        """As discord.py does it. Where it cannot make out what was asked for, the person is told so, too."""
        try:
            await super()._call(interaction)
        except app_commands.AppCommandError:
            raise
        except Exception as error:
            raise app_commands.AppCommandError("a command that cannot be read") from error

    async def _dispatch_error(
        self, interaction: discord.Interaction[Any], error: app_commands.AppCommandError, /
    ) -> None:
        """No command has a handler of its own, and to look for one would read again what cannot be read."""
        await self.on_error(interaction, error)

    async def on_error(self, interaction: discord.Interaction[Any], error: app_commands.AppCommandError, /) -> None:
        """Say that it failed, and log it with ids. Only what our own code raised counts as a failure: the rest is a
        command that Discord still shows as it was in an earlier version.
        """
        ids = {"interaction_id": interaction.id, "guild_id": interaction.guild_id}
        if isinstance(error, app_commands.CommandInvokeError):
            interaction.client.failures += 1
            sentence = texts.BROKE
            log.error("command_failed", exc_info=error, **ids)
        else:
            sentence = texts.COMMAND_CHANGED
            log.warning("command_unreadable", why=type(error.__cause__ or error).__name__, **ids)
        if interaction.type is discord.InteractionType.autocomplete:
            return  # nobody waits for a sentence while typing
        try:
            if interaction.response.is_done():
                await interaction.followup.send(sentence, ephemeral=True)
            else:
                await interaction.response.send_message(sentence, ephemeral=True)
        except UNANSWERED as failure:
            log.warning("unanswered", interaction_id=interaction.id, why=type(failure).__name__)


_TYPES: dict[discord.AppCommandOptionType, tuple[type, ...]] = {
    discord.AppCommandOptionType.string: (str,),
    discord.AppCommandOptionType.integer: (int,),
    discord.AppCommandOptionType.boolean: (bool,),
    discord.AppCommandOptionType.number: (int, float),
}
"""Options that arrive as they are. Others, such as channels, are looked up by discord.py."""


def _fits(parameter: app_commands.Parameter, value: Any) -> bool:
    """Whether the value, None where there is none, is one that the parameter takes."""
    types = _TYPES.get(parameter.type)
    if value is None or types is None:
        return True
    if type(value) not in types:
        return False
    if parameter.choices and value not in {choice.value for choice in parameter.choices}:
        return False
    size = len(value) if isinstance(value, str) else value
    lowest, highest = parameter.min_value, parameter.max_value
    return (lowest is None or size >= lowest) and (highest is None or size <= highest)


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
