"""What administrators set: where cards go, what may be done automatically, whether anything is done at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

from bot.core.guild_rules import GuildRules, LabelRule, default_labels
from bot.errors import BotError
from bot.flow.cards import CardDesk
from bot.flow.ports import Clock
from bot.store.cases import CaseStore
from bot.store.guilds import GuildStore
from moderation_model.labels import LABEL_NAMES, label

LimitKind = Literal["flag", "delete", "timeout", "warn"]


class GuildSetup:
    """One guild's rules, read and changed; every change is written down with who made it."""

    def __init__(self, *, guilds: GuildStore, cases: CaseStore, desk: CardDesk, clock: Clock) -> None:
        self._guilds = guilds
        self._cases = cases
        self._desk = desk
        self._clock = clock

    async def rules(self, guild_id: int) -> GuildRules:
        """What the guild has set, or the defaults of a new one."""
        return await self._guilds.get(guild_id)

    async def setup(self, *, guild_id: int, review_channel_id: int, ping_role_id: int | None, by: int) -> str:
        """Set where cards go and who is called for a threat. Cards that waited for a channel are posted."""

        def change(rules: GuildRules) -> GuildRules:
            role_id = ping_role_id or rules.ping_role_id
            return replace(rules, review_channel_id=review_channel_id, ping_role_id=role_id)

        rules = await self._change(guild_id, change, by)
        waiting = await self._desk.catch_up(guild_id=guild_id)
        state = "Shadow mode: cases and cards only. Nobody will be deleted, timed out or messaged."
        state = state if rules.shadow else "Active: the limits you set are acted on."
        return f"Review cards go to <#{review_channel_id}>. {state}" + (
            f" {waiting} waiting {'card is' if waiting == 1 else 'cards are'} being posted." if waiting else ""
        )

    async def pause(self, *, guild_id: int, by: int) -> str:
        """Stop every automatic action at once; cases are still opened."""
        await self._change(guild_id, lambda rules: replace(rules, paused=True), by)
        return "Paused. Messages are still scored and cards still come; nothing is done automatically."

    async def resume(self, *, guild_id: int, by: int) -> str:
        """The opposite of `pause`."""
        rules = await self._change(guild_id, lambda rules: replace(rules, paused=False), by)
        return "Resumed." + (" The server is in shadow mode, so nothing is done yet." if rules.shadow else "")

    async def mode(self, *, guild_id: int, shadow: bool, by: int) -> str:
        """Enter or leave shadow mode."""
        rules = await self._change(guild_id, lambda rules: replace(rules, shadow=shadow), by)
        if shadow:
            return "Shadow mode: cases and cards only, nothing is done automatically."
        acting = [name for name, rule in rules.labels.items() if rule.delete_at or rule.timeout_at or rule.warn_at]
        if not acting:
            return "Active, but no label has a limit to act on yet. Set one with `/candor limit`."
        return f"Active: {', '.join(label(name).title.lower() for name in acting)} may now be acted on."

    async def limit(self, *, guild_id: int, label: str, action: LimitKind, percent: int | None, by: int) -> str:
        """Set from which score on `action` follows for `label`; None: never, or for `flag` the model's own limit."""
        if label not in LABEL_NAMES:
            raise BotError(f"There is no label {label!r}. The labels are {', '.join(LABEL_NAMES)}.")
        if percent is not None and not 1 <= percent <= 100:
            raise BotError("A limit is a percentage from 1 to 100.")
        at = None if percent is None else percent / 100

        def change(rules: GuildRules) -> GuildRules:
            return replace(rules, labels={**rules.labels, label: _with_limit(label, rules.rule(label), action, at)})

        rules = await self._change(guild_id, change, by)
        if percent is None:
            return f"{label}: {'flagged at the limit of the model' if action == 'flag' else f'never {action}'}."
        shadow = " Shadow mode is on, so it is only noted on cards." if rules.shadow and action != "flag" else ""
        return f"{label}: {action} from {percent} % on.{shadow}"

    async def exempt(
        self, *, guild_id: int, role_id: int | None = None, channel_id: int | None = None, exempt: bool, by: int
    ) -> str:
        """Leave a role or a channel (with its threads, or a category) alone, or stop leaving it alone."""
        if role_id is None and channel_id is None:
            raise BotError("Name a role or a channel.")

        def change(rules: GuildRules) -> GuildRules:
            return replace(
                rules,
                exempt_role_ids=_toggled(rules.exempt_role_ids, role_id, exempt),
                exempt_channel_ids=_toggled(rules.exempt_channel_ids, channel_id, exempt),
            )

        await self._change(guild_id, change, by)
        named = " and ".join(
            ([f"<@&{role_id}>"] if role_id is not None else [])
            + ([f"<#{channel_id}>"] if channel_id is not None else [])
        )
        return f"{named} {'is left alone' if exempt else 'is looked at'} from now on."

    async def _change(self, guild_id: int, change: Callable[[GuildRules], GuildRules], by: int) -> GuildRules:
        return await self._guilds.change(guild_id, change, by=by, at=self._clock.now())


def _with_limit(name: str, rule: LabelRule, action: LimitKind, at: float | None) -> LabelRule:
    """The rule with that limit. A limit of the guild's own also makes a label open cases that does not by itself."""
    changed = _limited(rule, action, at)
    limits = (changed.flag_at, changed.warn_at, changed.timeout_at, changed.delete_at)
    return replace(changed, opens_case=default_labels()[name].opens_case or any(limit is not None for limit in limits))


def _limited(rule: LabelRule, action: LimitKind, at: float | None) -> LabelRule:
    match action:
        case "flag":
            return replace(rule, flag_at=at)
        case "delete":
            return replace(rule, delete_at=at)
        case "timeout":
            return replace(rule, timeout_at=at)
        case "warn":
            return replace(rule, warn_at=at)


def _toggled(ids: frozenset[int], changed: int | None, exempt: bool) -> frozenset[int]:
    if changed is None:
        return ids
    return ids | {changed} if exempt else ids - {changed}
