"""Which guilds a bot process looks after, where Discord's connection is split among several."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shard:
    """Part `number` (from 0) of `count`. Discord sends a guild's events to the part that its id names."""

    number: int
    count: int

    def serves(self, guild_id: int) -> bool:
        """Whether that guild's events come here."""
        return (guild_id >> 22) % self.count == self.number

    def named(self, name: str) -> str:
        """The name of what this part does by itself, such as "digest@0/2"; without parts the plain name."""
        return name if self == ALL_GUILDS else f"{name}@{self}"

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"


ALL_GUILDS = Shard(0, 1)


def shard_of(text: str) -> Shard:
    """From "0/2", the first of two. Raises ValueError for anything else."""
    number, slash, count = text.strip().partition("/")
    if not (slash and number.isdecimal() and count.isdecimal() and int(number) < int(count)):
        raise ValueError("write the part and how many there are, counted from 0: 0/2 and 1/2 for two processes")
    return Shard(int(number), int(count))
