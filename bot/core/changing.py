"""Changes of a guild's rules, as pure functions from the rules to the changed ones."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from bot.core.guild_rules import GuildRules, LabelRule, Mode, default_labels

LimitKind = Literal["flag", "delete", "timeout", "warn"]


def with_mode(rules: GuildRules, label: str, mode: Mode) -> GuildRules:
    """The rules with the label in that mode, and no longer stopped.

    Where the whole server was in shadow mode, no other label comes out of it with this one.
    """
    out = rules.shadow and mode != "shadow"
    labels = {name: replace(rule, mode="shadow") if out else rule for name, rule in rules.labels.items()}
    labels[label] = replace(rules.rule(label), mode=mode)
    return replace(rules, shadow=rules.shadow and not out, stopped_labels=rules.stopped_labels - {label}, labels=labels)


def acting_keywords(rules: GuildRules) -> int:
    """How many of the guild's keywords do something by themselves."""
    return sum(rule.action != "flag" for rule in rules.keywords)


def acts(rule: LabelRule) -> bool:
    """Whether the label has a limit from which on something is done."""
    return any(limit is not None for limit in (rule.delete_at, rule.timeout_at, rule.warn_at))


def with_limit(name: str, rule: LabelRule, action: LimitKind, at: float | None) -> LabelRule:
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


def toggled(ids: frozenset[int], changed: int | None, exempt: bool) -> frozenset[int]:
    """The ids with `changed` among them or not; as they are for None."""
    if changed is None:
        return ids
    return ids | {changed} if exempt else ids - {changed}
