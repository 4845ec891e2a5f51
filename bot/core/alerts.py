"""What moderators are told beside cards: threats, raids, and that the bot is in trouble; and when they are called."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bot.core.bursts import RaidKind

AlertKind = Literal["threat", "raid", "trouble"]
About = Literal[
    "threat",
    "raid",
    "label_stopped",
    "model_away",
    "model_back",
    "cards_failing",
    "cards_back",
    "database_away",
    "database_back",
    "unrecorded",
]
"""`unrecorded`: a message was flagged while no case could be written down."""


@dataclass(frozen=True, slots=True)
class Alert:
    """One plain line. `jump_url`: where to look; `since`: when the trouble began; `members`: how many were hit."""

    guild_id: int
    about: About
    case_id: int | None = None
    jump_url: str | None = None
    label: str | None = None
    members: int = 0
    channel_id: int | None = None
    since: datetime | None = None

    @property
    def kind(self) -> AlertKind:
        """What kind of call it is."""
        return self.about if self.about in ("threat", "raid") else "trouble"

    @property
    def calls(self) -> bool:
        """Whether it is worth calling people; that something is over is not."""
        if self.about == "unrecorded":
            return self.label == "threat"
        return self.about not in ("model_back", "cards_back", "database_back")


@dataclass(frozen=True, slots=True)
class RaidNotice:
    """What the card of a raid shows. `acting`: whether the guild lets anything be done automatically."""

    guild_id: int
    kind: RaidKind
    channel_id: int
    members: int
    acting: bool


StepKind = Literal["slow", "unslow", "pause", "unpause"]


@dataclass(frozen=True, slots=True)
class ServerStep:
    """What a moderator did to the server on a raid's card, for the mod-log. `seconds`: the slow mode from now on;
    `until`: when paused invites open again by themselves.
    """

    kind: StepKind
    by: str
    channel_id: int | None = None
    seconds: int = 0
    until: datetime | None = None
