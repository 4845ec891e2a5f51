"""What one guild has decided: limits and actions by label, exemptions, shadow mode. Pure data and its validation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.core.events import IncomingMessage
from moderation_model.labels import LABEL_NAMES

MAX_TIMEOUT_SECONDS = 28 * 24 * 3600
"""Discord refuses longer ones."""


@dataclass(frozen=True, slots=True)
class LabelRule:
    """One label's limits, 0 to 1. None for `flag_at` means the limit that the model ships with; for the others: never.

    `opens_case` is False where the label alone is no reason to call a moderator (`obscene`: profanity is no
    accusation). `timeout_seconds` is at most 28 days.
    """

    opens_case: bool = True
    flag_at: float | None = None
    delete_at: float | None = None
    timeout_at: float | None = None
    warn_at: float | None = None
    timeout_seconds: int = 600


def default_labels() -> dict[str, LabelRule]:
    """The rules of a new guild: the model's own limits, cases only, and none for `obscene`."""
    return {name: LabelRule(opens_case=name != "obscene") for name in LABEL_NAMES}


@dataclass(frozen=True, slots=True)
class GuildRules:
    """Everything that one guild has set. A new guild is in shadow mode: cases and cards, no action."""

    guild_id: int
    shadow: bool = True
    paused: bool = False
    review_channel_id: int | None = None
    ping_role_id: int | None = None
    care: bool = True
    exempt_role_ids: frozenset[int] = frozenset()
    exempt_channel_ids: frozenset[int] = frozenset()
    labels: Mapping[str, LabelRule] = field(default_factory=default_labels)

    def rule(self, label: str) -> LabelRule:
        """The rule of `label`; a label added after the guild was set up gets the default."""
        return self.labels.get(label) or LabelRule(opens_case=label != "obscene")

    def exempts(self, message: IncomingMessage) -> bool:
        """Whether the message's author or place is left alone. The review channel always is: moderators quote there."""
        places = message.category_ids | {message.channel_id}
        if self.review_channel_id in places:
            return True
        return bool(self.exempt_role_ids & message.author.role_ids or self.exempt_channel_ids & places)

    def to_json(self) -> dict[str, Any]:
        """JSON-ready form without the guild id; snowflakes as they are."""
        return {
            "shadow": self.shadow,
            "paused": self.paused,
            "review_channel_id": self.review_channel_id,
            "ping_role_id": self.ping_role_id,
            "care": self.care,
            "exempt_role_ids": sorted(self.exempt_role_ids),
            "exempt_channel_ids": sorted(self.exempt_channel_ids),
            "labels": {
                name: {
                    "opens_case": rule.opens_case,
                    "flag_at": rule.flag_at,
                    "delete_at": rule.delete_at,
                    "timeout_at": rule.timeout_at,
                    "warn_at": rule.warn_at,
                    "timeout_seconds": rule.timeout_seconds,
                }
                for name, rule in self.labels.items()
            },
        }

    @classmethod
    def from_json(cls, guild_id: int, data: Mapping[str, Any]) -> GuildRules:
        """The inverse of `to_json`; keys that are missing take their defaults."""
        labels = default_labels()
        for name, values in data.get("labels", {}).items():
            labels[name] = LabelRule(**values)
        return cls(
            guild_id=guild_id,
            shadow=data.get("shadow", True),
            paused=data.get("paused", False),
            review_channel_id=data.get("review_channel_id"),
            ping_role_id=data.get("ping_role_id"),
            care=data.get("care", True),
            exempt_role_ids=frozenset(data.get("exempt_role_ids", ())),
            exempt_channel_ids=frozenset(data.get("exempt_channel_ids", ())),
            labels=labels,
        )
