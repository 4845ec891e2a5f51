"""What the client asks of Discord, and what it registers there."""

from __future__ import annotations

from pathlib import Path

import simcord

from bot.chat.client import create_bot
from bot.config import Settings
from tests.chat.conftest import Stage


async def test_commands_that_discord_knows_already_are_not_sent_again(stage: Stage) -> None:
    def sent() -> int:
        return sum(entry.method == "PUT" and entry.path.endswith("/commands") for entry in stage.env.http_requests)

    assert sent() == 1
    await stage.env.restart_bot()
    assert sent() == 1

    registered = stage.env.backend.commands[None]
    registered.pop(next(iter(registered)))
    await stage.env.restart_bot()
    assert sent() == 2


async def test_only_grouped_names_are_registered(stage: Stage) -> None:
    names = {command.name for command in await stage.bot.tree.fetch_commands()}

    assert names == {"candor", "case", "learn", "privacy", "queue", "Why?", "Label message", "Report to moderators"}


async def test_the_bot_asks_for_no_more_than_it_needs(simcord_env: simcord.Env, stage: Stage) -> None:
    asked = {name for name, on in stage.bot.intents if on}

    assert asked == {"guilds", "guild_messages", "message_content"}


async def test_the_proxy_of_the_settings_is_used_for_discord(tmp_path: Path) -> None:
    settings = Settings(_env_file=None, data_dir=tmp_path, discord_proxy="http://proxy:3128")  # pyright: ignore[reportCallIssue]

    assert create_bot(settings).http.proxy == "http://proxy:3128"
