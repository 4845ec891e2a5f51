"""The table of settings: what may be written, what comes back, and what does not fit."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from bot.core.guild_rules import GuildRules
from bot.core.settings import SETTINGS, read_value, setting_called, show_value, with_value
from bot.errors import BotError
from tests.builders import GUILD


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_every_setting_is_a_field_whose_default_can_be_shown_and_written(setting) -> None:
    assert setting.name in {each.name for each in fields(GuildRules)}
    assert getattr(GuildRules(GUILD), setting.name) == setting.default
    assert show_value(setting, setting.default)
    assert setting.means.endswith(".")
    if setting.default is not None and setting.kind not in ("channel", "role"):
        assert read_value(setting, show_value(setting, setting.default)) == setting.default


@pytest.mark.parametrize(
    ("name", "written", "value"),
    [
        ("care", "OFF", False),
        ("cards_a_day", " 12 ", 12),
        ("quiet_from", "22:00", 22),
        ("quiet_from", "none", None),
        ("insult_stars", "2", 2),
        ("appeal_url", "https://example.org/appeal", "https://example.org/appeal"),
        ("log_channel_id", "<#123456>", 123456),
        ("ping_role_id", "<@&99>", 99),
    ],
)
def test_what_people_write_is_read(name: str, written: str, value: object) -> None:
    assert read_value(setting_called(name), written) == value


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("care", "maybe"),
        ("cards_a_day", "0"),
        ("cards_a_day", "501"),
        ("cards_a_day", "-3"),
        ("cards_a_day", "none"),
        ("quiet_from", "24"),
        ("insult_stars", "6"),
        ("appeal_url", "http://example.org"),
        ("appeal_url", "https://[broken"),
        ("log_channel_id", "#general"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_would(name: str, written: str) -> None:
    with pytest.raises(BotError, match=f"{name} takes "):
        read_value(setting_called(name), written)


def test_appeals_need_notices() -> None:
    appeals = setting_called("appeals")
    with pytest.raises(BotError, match="notices"):
        with_value(GuildRules(GUILD), appeals, True)
    assert with_value(replace(GuildRules(GUILD), notices=True), appeals, True).appeals
