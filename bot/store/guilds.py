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


class GuildStore:
    """Rules by guild. Kept in memory, since every message asks for them; changes go through `save`."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._known: dict[int, GuildRules] = {}
        self._changing = asyncio.Lock()

    async def get(self, guild_id: int) -> GuildRules:
        """The guild's rules, or those of a new guild. Raises StoreUnavailable."""
        if guild_id not in self._known:
            async with self._db.read() as connection:
                data = await connection.scalar(sa.select(guilds.c.rules).where(guilds.c.guild_id == guild_id))
            # Not over rules that were saved while this read was on its way.
            self._known.setdefault(guild_id, GuildRules.from_json(guild_id, data or {}))
        return self._known[guild_id]

    def forget(self, guild_id: int) -> None:
        """What is kept in memory of the guild's rules: they were deleted."""
        self._known.pop(guild_id, None)

    async def fresh(self, guild_ids: Collection[int]) -> list[GuildRules]:
        """The rules of those guilds that have set anything, as they are stored now: another process may have changed
        them. Raises StoreUnavailable.
        """
        query = sa.select(guilds.c.guild_id, guilds.c.rules).where(guilds.c.guild_id.in_(list(guild_ids)))
        async with self._changing:
            async with self._db.read() as connection:
                rows = (await connection.execute(query)).all()
            found = [GuildRules.from_json(row.guild_id, row.rules or {}) for row in rows]
            self._known.update({rules.guild_id: rules for rules in found})
        return found

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
            self._known[guild_id] = new
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
