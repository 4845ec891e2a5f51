"""Every plain setting of a guild in one table: commands, defaults, validation and docs/settings.md follow from it.

Limits, keywords, fine-here words and scope have commands of their own; what is one value of one kind stands here.
"""

from __future__ import annotations

from dataclasses import MISSING, dataclass, fields, replace
from typing import Any, Literal
from urllib.parse import urlsplit

from bot.core import cron
from bot.core.guild_rules import GuildRules
from bot.core.schedules import read_schedule
from bot.errors import BotError

Kind = Literal["switch", "number", "hour", "stars", "url", "channel", "role", "cron"]
Value = bool | int | str | None

_ON, _OFF = {"on", "yes", "true", "1"}, {"off", "no", "false", "0"}
_NONE = {"none", "never", "-", ""}


@dataclass(frozen=True, slots=True)
class Setting:
    """One row. `name` is the field of `GuildRules`; `low` and `high` bound numbers; `optional`: may be none."""

    name: str
    kind: Kind
    means: str
    low: int = 0
    high: int = 0
    optional: bool = False

    @property
    def default(self) -> Value:
        """What a new guild has."""
        found = next(each for each in fields(GuildRules) if each.name == self.name)
        assert found.default is not MISSING, f"{self.name} has no plain default"
        return found.default

    @property
    def takes(self) -> str:
        """What may be written, as people read it."""
        kinds = {
            "switch": "on or off",
            "number": f"a number from {self.low} to {self.high}",
            "hour": "an hour from 0 to 23, UTC",
            "stars": "stars from 1 to 5",
            "url": "an address that begins with https://",
            "channel": "a channel",
            "role": "a role",
            "cron": f"a schedule in UTC as `{cron.EXAMPLE}`: minute, hour, day, month, weekday by name",
        }
        return kinds[self.kind] + (", or none" if self.optional else "")


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "cards_a_day",
        "number",
        "How many review cards a day your team reads; the rest waits in the queue. Threats, cries for help, reports "
        "and appeals come regardless.",
        1,
        500,
    ),
    Setting(
        "act_within_minutes",
        "number",
        "What was written longer ago than this, and is found only now, opens a case; nothing is done by itself and "
        "nobody is called.",
        1,
        1440,
    ),
    Setting("window_minutes", "number", "How long messages of one member, text or quarrel share one card.", 1, 120),
    Setting("remind_after_hours", "number", "After how many hours an open case is named in the daily digest.", 1, 168),
    Setting(
        "digest_hour",
        "hour",
        "At which hour the daily digest comes; none: when quiet hours end, or a day after the last one.",
        0,
        23,
        optional=True,
    ),
    Setting(
        "audit_a_day",
        "number",
        "How many unflagged messages a day are drawn for checking, ten to a card, once a day beside the card budget; "
        "0 draws none.",
        0,
        200,
    ),
    Setting("quiet_from", "hour", "From this hour on nobody is called, except for a raid.", 0, 23, optional=True),
    Setting("quiet_to", "hour", "Until this hour nobody is called, except for a raid.", 0, 23, optional=True),
    Setting("care", "switch", "Whether a message that reads like a cry for help opens a quiet card."),
    Setting("notices", "switch", "Whether a member is told what was done and under which rule."),
    Setting("appeals", "switch", "Whether a member who was told may appeal once."),
    Setting("appeal_url", "url", "Where somebody who was banned can appeal.", optional=True),
    Setting("read_titles", "switch", "Whether titles of threads and forum posts are looked at."),
    Setting("read_nicknames", "switch", "Whether nicknames are looked at when their bearers write."),
    Setting(
        "put_back_as_member",
        "switch",
        "Whether a text that is put back stands under the member's name, by webhook, and not as a quote of mine.",
    ),
    Setting(
        "keep_text",
        "switch",
        "Whether texts of flagged messages are kept for a time, encrypted, and shown on cards. Off: only scores are, "
        "cards lead to the message, nothing can be put back and no verdict teaches; what is kept already goes with its "
        "time.",
    ),
    Setting(
        "insult_stars", "stars", "Act on insults only at or below so many stars of sentiment.", 1, 5, optional=True
    ),
    Setting(
        "escalation", "switch", "Whether confirmed cases lead to a warning, then 10 min, 1 h and 1 day of timeout."
    ),
    Setting("escalation_days", "number", "For how many days a confirmed case counts towards that.", 1, 365),
    Setting("ping_role_id", "role", "Who is called for threats, raids and when I am in trouble.", optional=True),
    Setting("log_channel_id", "channel", "Where every action leaves a line.", optional=True),
    Setting(
        "reports_channel_id",
        "channel",
        "Where reports go, such as that on a new model; else to the cards.",
        optional=True,
    ),
    Setting("admin_channel_id", "channel", "Where reports about staff go.", optional=True),
    Setting(
        "learn_cron",
        "cron",
        "When I learn from your verdicts, if there are enough new ones; none: only when asked.",
        optional=True,
    ),
    Setting(
        "goal_precision",
        "number",
        "How many of 100 flags are to be right: the limits of a new model are chosen for that.",
        50,
        99,
    ),
    Setting(
        "weekly_cron", "cron", "When the report on the last seven days comes; none: no report by itself.", optional=True
    ),
)
BY_NAME = {setting.name: setting for setting in SETTINGS}


def setting_called(name: str) -> Setting:
    """The row. Raises BotError, with the names that there are."""
    if name not in BY_NAME:
        raise BotError(f"There is no setting {name[:40]!r}. The settings are {', '.join(BY_NAME)}.")
    return BY_NAME[name]


def read_value(setting: Setting, written: str) -> Value:
    """What was written as the setting's value; channels and roles by mention or id. Raises BotError with a sentence."""
    text = written.strip()
    if setting.optional and text.lower() in _NONE:
        return None
    value = _READERS[setting.kind](setting, text)
    if value is None:
        raise BotError(f"{setting.name} takes {setting.takes}, not {text[:40]!r}.")
    return value


def show_value(setting: Setting, value: Value) -> str:
    """The value as a moderator reads it on Discord."""
    if value is None:
        return "none"
    if setting.kind == "switch":
        return "on" if value else "off"
    if setting.kind == "hour":
        return f"{value}:00 UTC"
    if setting.kind in ("channel", "role"):
        return f"<#{value}>" if setting.kind == "channel" else f"<@&{value}>"
    return f"`{value}` (UTC)" if setting.kind == "cron" else str(value)


def with_value(rules: GuildRules, setting: Setting, value: Value) -> GuildRules:
    """The rules with the setting changed. Raises BotError where it does not fit another one."""
    changed = replace(rules, **{setting.name: value})
    if changed.appeals and not changed.notices:
        raise BotError("Members can only appeal what they are told of: switch `notices` on first.")
    return changed


def _read_switch(_: Setting, text: str) -> bool | None:
    return {**dict.fromkeys(_ON, True), **dict.fromkeys(_OFF, False)}.get(text.lower())


def _read_number(setting: Setting, text: str) -> int | None:
    number = text.rstrip("★ ").removesuffix(":00")
    if not (number.isascii() and number.isdigit()):
        return None
    return int(number) if len(number) < 5 and setting.low <= int(number) <= setting.high else None


def _read_url(_: Setting, text: str) -> str | None:
    try:
        parts = urlsplit(text)
    except ValueError:
        return None
    return text if parts.scheme == "https" and parts.hostname and len(text) <= 200 and text.isprintable() else None


def _read_cron(_: Setting, text: str) -> str:
    return read_schedule(text)


def _read_snowflake(_: Setting, text: str) -> int | None:
    digits = text.strip("<#@&>")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 20 else None


_READERS: dict[Kind, Any] = {
    "switch": _read_switch,
    "number": _read_number,
    "hour": _read_number,
    "stars": _read_number,
    "url": _read_url,
    "channel": _read_snowflake,
    "role": _read_snowflake,
    "cron": _read_cron,
}
