"""Which process looks after which server."""

from __future__ import annotations

import pytest

from bot.config import load_settings
from bot.errors import BadSettings
from bot.shards import ALL_GUILDS, Shard, shard_of


def test_every_server_is_one_processs_alone():
    guilds = [number << 22 | 12345 for number in range(100)]
    for guild_id in guilds:
        assert sum(Shard(number, 3).serves(guild_id) for number in range(3)) == 1
        assert ALL_GUILDS.serves(guild_id)


def test_a_shard_is_written_as_part_and_number_of_parts():
    assert shard_of("0/2") == Shard(0, 2)
    assert shard_of(" 11/16 ") == Shard(11, 16)
    assert load_settings(_env_file=None).part == ALL_GUILDS
    assert load_settings(_env_file=None, shard="1/2").part == Shard(1, 2)


@pytest.mark.parametrize("text", ["2/2", "1", "a/b", "-1/2", "1/0", "0/", "/2", ""])
def test_what_is_no_shard_is_refused_with_what_to_write(text: str):
    with pytest.raises(BadSettings, match=r"CANDOR_SHARD.*0/2 and 1/2"):
        load_settings(_env_file=None, shard=text)


def test_what_a_shard_does_by_itself_has_its_own_name():
    assert ALL_GUILDS.named("digest") == "digest"
    assert Shard(1, 2).named("digest") == "digest@1/2"
