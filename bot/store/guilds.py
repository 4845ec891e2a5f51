"""What each guild has set, and who changed it."""

from __future__ import annotations

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

    async def get(self, guild_id: int) -> GuildRules:
        """The guild's rules, or those of a new guild. Raises StoreUnavailable."""
        if guild_id not in self._known:
            async with self._db.read() as connection:
                data = await connection.scalar(sa.select(guilds.c.rules).where(guilds.c.guild_id == guild_id))
            self._known[guild_id] = GuildRules.from_json(guild_id, data or {})
        return self._known[guild_id]

    async def save(self, rules: GuildRules, *, by: int | None, at: datetime) -> None:
        """Keep `rules` and write down each setting that changed. Raises StoreUnavailable."""
        new = rules.to_json()
        async with self._db.begin() as connection:
            query = sa.select(guilds.c.rules).where(guilds.c.guild_id == rules.guild_id)
            stored = await connection.scalar(query.with_for_update())
            old = GuildRules.from_json(rules.guild_id, stored or {}).to_json()
            if stored is None:
                await connection.execute(
                    guilds.insert().values(guild_id=rules.guild_id, rules=new, created_at=at, updated_at=at)
                )
            else:
                await connection.execute(
                    guilds.update().where(guilds.c.guild_id == rules.guild_id).values(rules=new, updated_at=at)
                )
            changes = [
                {
                    "guild_id": rules.guild_id,
                    "changed_by": by,
                    "changed_at": at,
                    "setting": name,
                    "old": before,
                    "new": after,
                }
                for name, before, after in _differences(old, new)
            ]
            if changes:
                await connection.execute(setting_changes.insert(), changes)
        self._known[rules.guild_id] = rules

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


def _differences(old: dict[str, Any], new: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    """Settings that differ; of labels only the label that changed, as `labels.insult`."""
    found = [(name, old[name], new[name]) for name in new if name != "labels" and old[name] != new[name]]
    for label, rule in new["labels"].items():
        before = old["labels"].get(label)
        if before != rule:
            found.append((f"labels.{label}", before, rule))
    return found
