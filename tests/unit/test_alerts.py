"""When people are called and when not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.core.digest import is_quiet
from bot.core.guild_rules import GuildRules
from tests.builders import GUILD, NOON


@pytest.mark.parametrize(
    ("begin", "end", "quiet"),
    [
        (22, 6, {22, 23, 0, 1, 2, 3, 4, 5}),
        (0, 6, {0, 1, 2, 3, 4, 5}),
        (9, 12, {9, 10, 11}),
        (23, 0, {23}),
        (8, 8, set()),
        (None, 6, set()),
        (22, None, set()),
    ],
)
def test_quiet_hours_may_go_over_midnight(begin: int | None, end: int | None, quiet: set[int]) -> None:
    rules = replace(GuildRules(GUILD), quiet_from=begin, quiet_to=end)
    assert {hour for hour in range(24) if is_quiet(rules, NOON.replace(hour=hour, minute=59))} == quiet
