"""The permissions that the bot holds, one fix a line, and which of AutoMod's own rules are on."""

from __future__ import annotations

import discord

from bot.chat import permissions, setup_texts
from bot.chat.doctor import inspect_guild
from bot.core.guild_rules import GuildRules

TABLE_LIMIT = 1700


async def permission_lines(guild: discord.Guild, rules: GuildRules) -> str:
    """One line a permission of the invite link, with its fix where it is missing, then what else stands in the way.

    Raises what discord.py raises.
    """
    held, lines = guild.me.guild_permissions, []
    for name, purpose in setup_texts.PERMISSIONS.items():
        lacking = permissions.missing(held, [name])
        template = setup_texts.PERMISSION_LACKS if lacking else setup_texts.PERMISSION_HELD
        lines.append(template.format(permission=permissions.titles([name]), purpose=purpose))
    for finding in await inspect_guild(guild, rules):
        if not finding.ok:
            lines.append(setup_texts.PROBLEM.format(sentence=finding.sentence, fix=finding.fix or ""))
        elif finding.about == "extras":
            lines.append(setup_texts.EXTRA_LINE.format(sentence=finding.sentence))
    text = "\n".join(lines)
    return text if len(text) <= TABLE_LIMIT else text[:TABLE_LIMIT].rpartition("\n")[0] + "\n…"


async def automod_lines(guild: discord.Guild) -> str:
    """Whether AutoMod's spam, mention and preset rules are on, one line each; or that this cannot be seen, and why.

    Raises what discord.py raises.
    """
    if permissions.missing(guild.me.guild_permissions, permissions.NEEDS["see_automod"].bot):
        return setup_texts.AUTOMOD_UNSEEN
    rules = await guild.fetch_automod_rules()
    on = {rule.trigger.type.name for rule in rules if rule.enabled}
    return "\n".join(
        (setup_texts.AUTOMOD_ON if name in on else setup_texts.AUTOMOD_OFF).format(rule=title)
        for name, title in setup_texts.AUTOMOD_RULES.items()
    )
