"""What each guild has set, and who changed it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.core.guild_rules import GuildRules
from bot.store.database import Database
from bot.store.tables import guilds, setting_changes


@dataclass(frozen=True, slots=True)
class SettingChange:
    """One change. `by` is None where nobody in particular made it."""

    by: int | None
    at: datetime
    setting: str
    old: Any
    new: Any


@dataclass(frozen=True, slots=True)
class _Known:
    """Rules as they were read, and when they were written; None where nothing was stored."""

    rules: GuildRules
    written_at: datetime | None


class GuildStore:
    """Rules by guild. Kept in memory, since every message asks for them; changes go through `save`. What another
    process changed, `look` finds.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._known: dict[int, _Known] = {}
        self._changing = asyncio.Lock()

    async def get(self, guild_id: int) -> GuildRules:
        """The guild's rules, or those of a new guild. Raises StoreUnavailable."""
        if guild_id not in self._known:
            await self.fresh([guild_id])
        return self._known[guild_id].rules

    def remembered(self, guild_id: int) -> GuildRules | None:
        """The rules as this process read or saved them last, without asking the database; None if it never did."""
        known = self._known.get(guild_id)
        return known.rules if known is not None else None

    def forget(self, guild_id: int) -> None:
        """What is kept in memory of the guild's rules: they were deleted."""
        self._known.pop(guild_id, None)

    async def fresh(self, guild_ids: Collection[int]) -> list[GuildRules]:
        """The rules of those guilds that have set anything, as they are stored now: another process may have changed
        them. Raises StoreUnavailable.
        """
        columns = (guilds.c.guild_id, guilds.c.rules, guilds.c.updated_at)
        query = sa.select(*columns).where(guilds.c.guild_id.in_(list(guild_ids)))
        before = {guild_id: self._known.get(guild_id) for guild_id in guild_ids}
        async with self._db.read() as connection:
            rows = (await connection.execute(query)).all()
        found = {row.guild_id: _known(row.guild_id, row.rules, row.updated_at) for row in rows}
        for guild_id, known in before.items():
            # Not over rules that were saved here while this read was on its way.
            if self._known.get(guild_id) is known:
                self._known[guild_id] = found.get(guild_id) or _known(guild_id, {}, None)
        return [found[guild_id].rules for guild_id in before if guild_id in found]

    def serves(self, guild_id: int) -> bool:
        """Whether that guild is one of this process's shard."""
        return self._db.shard.serves(guild_id)

    async def look(self) -> int:
        """Read anew what another process has changed; how many guilds' rules. Raises StoreUnavailable."""
        asked = {guild_id: known.written_at for guild_id, known in self._known.items()}
        query = sa.select(guilds.c.guild_id, guilds.c.updated_at).where(guilds.c.guild_id.in_(list(asked)))
        async with self._db.read() as connection:
            written = {row.guild_id: row.updated_at for row in await connection.execute(query)}
        changed = [guild_id for guild_id, at in asked.items() if written.get(guild_id) != at]
        if changed:
            await self.fresh(changed)
        return len(changed)

    async def changed_at(self, guild_id: int, setting: str) -> datetime | None:
        """When that setting was last changed, None if it never was. Raises StoreUnavailable."""
        query = sa.select(sa.func.max(setting_changes.c.changed_at)).where(
            setting_changes.c.guild_id == guild_id, setting_changes.c.setting == setting
        )
        async with self._db.read() as connection:
            return await connection.scalar(query)

    async def known(self) -> list[int]:
        """Every guild that has set something. Raises StoreUnavailable."""
        async with self._db.read() as connection:
            return list(await connection.scalars(sa.select(guilds.c.guild_id).order_by(guilds.c.guild_id)))

    async def save(self, rules: GuildRules, *, by: int | None, at: datetime) -> None:
        """Keep `rules` and write down each setting that changed. Raises StoreUnavailable."""
        await self.change(rules.guild_id, lambda _: rules, by=by, at=at)

    async def change(
        self, guild_id: int, change: Callable[[GuildRules], GuildRules], *, by: int | None, at: datetime
    ) -> GuildRules:
        """Apply `change` to the stored rules and write down each setting that changed; the new rules.

        Two changes at once lose nothing of each other. What `change` raises leaves everything as it was.
        """
        this = guilds.c.guild_id == guild_id
        first = self._db.insert(guilds).values(guild_id=guild_id, rules={}, created_at=at, updated_at=at)
        async with self._changing:
            async with self._db.begin() as connection:
                await connection.execute(first.on_conflict_do_nothing())
                stored = await connection.scalar(sa.select(guilds.c.rules).where(this).with_for_update())
                old = GuildRules.from_json(guild_id, stored or {})
                new = change(old)
                rows = _changes(old, new, by=by, at=at)
                if rows:
                    await connection.execute(guilds.update().where(this).values(rules=new.to_json(), updated_at=at))
                    await connection.execute(setting_changes.insert(), rows)
                written_at = at if rows else await connection.scalar(sa.select(guilds.c.updated_at).where(this))
            self._known[guild_id] = _Known(new, written_at)
        return new

    async def changes(self, guild_id: int, limit: int = 50) -> list[SettingChange]:
        """The newest changes first."""
        query = (
            sa.select(setting_changes)
            .where(setting_changes.c.guild_id == guild_id)
            .order_by(setting_changes.c.id.desc())
            .limit(limit)
        )
        async with self._db.read() as connection:
            rows = await connection.execute(query)
            return [SettingChange(row.changed_by, row.changed_at, row.setting, row.old, row.new) for row in rows]


def _known(guild_id: int, stored: dict[str, Any] | None, written_at: datetime | None) -> _Known:
    return _Known(GuildRules.from_json(guild_id, stored or {}), written_at)


def _changes(old: GuildRules, new: GuildRules, *, by: int | None, at: datetime) -> list[dict[str, Any]]:
    """One row a setting that differs; of labels only those that changed, as `labels.insult`."""
    before, after = flat(old), flat(new)
    return [
        {
            "guild_id": new.guild_id,
            "changed_by": by,
            "changed_at": at,
            "setting": name,
            "old": before.get(name),
            "new": after[name],
        }
        for name in after
        if before.get(name) != after[name]
    ]


def flat(rules: GuildRules) -> dict[str, Any]:
    """Every setting by its name, JSON-ready, the rule of a label as `labels.insult`."""
    settings = rules.to_json()
    labels = settings.pop("labels")
    return settings | {f"labels.{label}": rule for label, rule in labels.items()}
