"""The table of permissions, and what follows from it."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import discord
import pytest

from bot.chat import permissions
from bot.errors import NotAllowed


def test_the_invite_link_asks_for_exactly_what_is_needed() -> None:
    query = parse_qs(urlsplit(permissions.invite_url(42)).query)

    assert discord.Permissions(int(query["permissions"][0])) == discord.Permissions(
        view_channel=True,
        send_messages=True,
        embed_links=True,
        attach_files=True,
        read_message_history=True,
        manage_messages=True,
        moderate_members=True,
    )
    assert query["client_id"] == ["42"]
    assert set(query["scope"][0].split()) == {"bot", "applications.commands"}


def test_every_permission_of_the_table_is_one_of_discords_and_has_a_name() -> None:
    for needs in permissions.NEEDS.values():
        for name in (*needs.bot, *needs.person):
            assert isinstance(getattr(discord.Permissions.none(), name), bool)
            assert permissions.titles([name])


def test_an_administrator_lacks_nothing() -> None:
    permissions.require(discord.Permissions(administrator=True), "administer")


def test_a_refusal_names_what_is_lacking() -> None:
    with pytest.raises(NotAllowed, match="Manage Server"):
        permissions.require(discord.Permissions(moderate_members=True), "administer")
