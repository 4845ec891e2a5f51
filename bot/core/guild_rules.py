"""What one guild has decided: limits and actions by label, scope, shadow mode, words. Pure data; no clock, no SQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Any, Literal

from bot.core.events import IncomingMessage
from bot.core.keywords import KeywordRule
from moderation_model.labels import LABEL_NAMES
from moderation_model.labels import label as spec

MAX_TIMEOUT_SECONDS = 28 * 24 * 3600
"""Discord refuses longer ones."""

Mode = Literal["shadow", "delete", "act"]
"""How far a label may go by itself: not at all, delete only, or everything that its limits ask for."""


@dataclass(frozen=True, slots=True)
class LabelRule:
    """One label's limits, 0 to 1. None for `flag_at` means the limit that the model ships with; for the others: never.

    `opens_case` is False where the label alone is no reason to call a moderator (`obscene`: profanity is no
    accusation). `timeout_seconds` is at most 28 days. `rule_name` is the guild's own name of the rule that the label
    stands for ("rule 2, be kind").
    """

    opens_case: bool = True
    flag_at: float | None = None
    delete_at: float | None = None
    timeout_at: float | None = None
    warn_at: float | None = None
    timeout_seconds: int = 600
    mode: Mode = "act"
    rule_name: str | None = None

    def flag_limit(self, model_limit: float) -> float:
        """Where the label is flagged: at its limit (else the model's), or at a lower one on which an action follows."""
        acting = [limit for limit in (self.warn_at, self.timeout_at, self.delete_at) if limit is not None]
        return min([model_limit if self.flag_at is None else self.flag_at, *acting])


def default_rule(name: str) -> LabelRule:
    """The rule of a label in a new guild: the model's own limit, cases only, none for `obscene`, in shadow mode."""
    return LabelRule(opens_case=name != "obscene", mode="shadow")


def default_labels() -> dict[str, LabelRule]:
    """The rules of a new guild."""
    return {name: default_rule(name) for name in LABEL_NAMES}


@dataclass(frozen=True, slots=True)
class GuildRules:
    """Everything that one guild has set. A new guild is in shadow mode: cases and cards, no action.

    `shadow` holds for all labels, whatever their own mode says. `channels`: limits of single channels, by channel and
    label, in place of the guild's. `included_channel_ids`: looked at although they would be out of scope by default.
    `reviewer_role_ids`: the staff who decide cases; their own messages are left alone.
    `stopped_labels`: labels that the circuit breaker keeps from acting, whatever their mode, until somebody resumes.
    `set_up_at`: when cards first had a place to go. `settings.py` says of every plain field what it means.
    """

    guild_id: int
    shadow: bool = True
    paused: bool = False
    review_channel_id: int | None = None
    ping_role_id: int | None = None
    admin_channel_id: int | None = None
    log_channel_id: int | None = None
    reports_channel_id: int | None = None
    care: bool = True
    notices: bool = False
    appeals: bool = False
    appeal_url: str | None = None
    act_within_minutes: int = 60
    cards_a_day: int = 30
    window_minutes: int = 10
    remind_after_hours: int = 24
    digest_hour: int | None = None
    audit_a_day: int = 20
    quiet_from: int | None = None
    quiet_to: int | None = None
    read_titles: bool = True
    read_nicknames: bool = False
    put_back_as_member: bool = False
    keep_text: bool = True
    insult_stars: int | None = None
    escalation: bool = False
    escalation_days: int = 90
    set_up_at: datetime | None = None
    reviewer_role_ids: frozenset[int] = frozenset()
    exempt_role_ids: frozenset[int] = frozenset()
    exempt_channel_ids: frozenset[int] = frozenset()
    included_channel_ids: frozenset[int] = frozenset()
    keywords: tuple[KeywordRule, ...] = ()
    fine_words: tuple[str, ...] = ()
    stopped_labels: frozenset[str] = frozenset()
    labels: Mapping[str, LabelRule] = field(default_factory=default_labels)
    channels: Mapping[int, Mapping[str, LabelRule]] = field(default_factory=dict)
    learn_cron: str | None = "0 3 * * sun"
    weekly_cron: str | None = "0 6 * * mon"
    goal_precision: int = 95

    @property
    def reports_to(self) -> int | None:
        """The channel for reports: its own, else the review channel; None before the guild is set up."""
        return self.reports_channel_id or self.review_channel_id

    def rule(self, label: str, places: Collection[int] = ()) -> LabelRule:
        """The rule of `label` in these places (channel, thread's parent, category); a channel's own limits come first.

        How far the label may go is the guild's to say, never a channel's. A label added after the guild was set up
        gets the default.
        """
        general = self.labels.get(label) or default_rule(label)
        for place in sorted(set(places) & set(self.channels)):
            if label in self.channels[place]:
                return replace(self.channels[place][label], mode=general.mode, rule_name=general.rule_name)
        return general

    def title(self, label: str) -> str:
        """The label's title with the guild's own name of the rule behind it: "Insult (rule 2)"."""
        name = self.rule(label).rule_name if label in LABEL_NAMES else None
        title = spec(label).title if label in LABEL_NAMES else label.capitalize()
        return f"{title} ({name})" if name else title

    def exempts(self, message: IncomingMessage) -> bool:
        """Whether the message's author or place is left alone. The review channel always is: moderators quote there."""
        left_alone = (self.exempt_role_ids | self.reviewer_role_ids) & message.author.role_ids
        if left_alone and not message.trial:
            return True
        return self.exempts_place(places_of(message), in_default_scope=message.in_default_scope)

    def exempts_place(self, places: frozenset[int], *, in_default_scope: bool) -> bool:
        """Whether all that is written there is left alone. `places`: the channel and what is above it."""
        own = {self.review_channel_id, self.log_channel_id, self.admin_channel_id, self.reports_channel_id}
        if (own | self.exempt_channel_ids) & places:
            return True
        return not in_default_scope and not self.included_channel_ids & places

    def hears_only_help(self, message: IncomingMessage) -> bool:
        """Whether the message stands where people vent, and the guild did not choose to look at all of it there."""
        return message.in_vent and not self.included_channel_ids & places_of(message)

    def to_json(self) -> dict[str, Any]:
        """JSON-ready form without the guild id; snowflakes as they are."""
        data = {each.name: _plain(getattr(self, each.name)) for each in fields(self) if each.name != "guild_id"}
        data["labels"] = {name: _fields(rule) for name, rule in self.labels.items()}
        data["channels"] = {
            str(place): {name: _fields(rule) for name, rule in rules.items()} for place, rules in self.channels.items()
        }
        data["keywords"] = [_fields(rule) for rule in self.keywords]
        return data

    @classmethod
    def from_json(cls, guild_id: int, data: Mapping[str, Any]) -> GuildRules:
        """The inverse of `to_json`; keys that are missing take their defaults, unknown ones are left out."""
        known = {each.name for each in fields(cls)}
        values = {name: value for name, value in data.items() if name in known}
        sets = ("reviewer_role_ids", "exempt_role_ids", "exempt_channel_ids", "included_channel_ids", "stopped_labels")
        for name in sets:
            values[name] = frozenset(values.get(name, ()))
        values["labels"] = default_labels() | _rules(values.get("labels", {}))
        values["channels"] = {int(place): _rules(rules) for place, rules in values.get("channels", {}).items()}
        values["keywords"] = tuple(KeywordRule(**rule) for rule in values.get("keywords", ()))
        values["fine_words"] = tuple(values.get("fine_words", ()))
        if values.get("set_up_at"):
            values["set_up_at"] = datetime.fromisoformat(values["set_up_at"])
        return cls(guild_id=guild_id, **values)


def places_of(message: IncomingMessage) -> frozenset[int]:
    """The message's channel and what is above it: the thread's parent and the category."""
    return message.category_ids | {message.channel_id}


def _rules(data: Mapping[str, Mapping[str, Any]]) -> dict[str, LabelRule]:
    return {name: LabelRule(**values) for name, values in data.items()}


def _fields(value: Any) -> dict[str, Any]:
    return {each.name: getattr(value, each.name) for each in fields(value)}


def _plain(value: Any) -> Any:
    if isinstance(value, frozenset):
        return sorted(value)
    return value.isoformat() if isinstance(value, datetime) else value
