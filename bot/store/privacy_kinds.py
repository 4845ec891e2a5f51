"""What the rows of `privacy.py` are made of, and how each is said in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import sqlalchemy as sa

Holds = Literal["member", "moderator", "text"]
"""Names a member or points at what one wrote; names one of the team; what somebody wrote, or a hash of it."""

Goes = Literal["row", "text", "asked", "case", "age"]
"""When a column is emptied: with its row; with the case's text; besides, when the member asks (`/privacy forget`);
`CANDOR_CASE_DAYS` after its case closed, and when a member asks and no sanction is on record; at the table's age."""

Blank = Literal["null", "zero", "row_id", "case_id", "place", "noise"]
"""What stands there afterwards: NULL; 0; the negative id of the row or its case (unique and points nowhere); the
channel's address; random bytes."""

Days = Literal["text_days", "prediction_days", "case_days", "slot_days"]
SLOT_DAYS = 90
"""How long it is known how scheduled jobs ended, and when the bot was there."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column that holds personal data. `sealed`: encrypted, a JSON object or one text; `hash_of`: a keyed hash of
    the text in that sealed column.
    """

    holds: Holds
    goes: Goes = "row"
    blank: Blank = "null"
    sealed: Literal["json", "plain"] | None = None
    hash_of: str | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """One part of the file of `/privacy mine`: rows in which `owner` is the member who asks.

    `shows`: columns, as "column" or "column=key in the file". `by_author`: the owner is the author of the row's case.
    `opens`: which keys of a sealed JSON object are shown. `stays`: why the rows stay when the member asks to be
    forgotten; empty where they go.
    """

    name: str
    says: str
    owner: str
    shows: str
    by_author: bool = False
    opens: tuple[str, ...] = ()
    stays: str = ""

    @property
    def keys(self) -> dict[str, str]:
        """Column to key."""
        pairs = (each.partition("=") for each in self.shows.split())
        return {column: key or column for column, _, key in pairs}


@dataclass(frozen=True, slots=True)
class Table:
    """One table. `group`: its heading in the policy; `guild`: the way to its server: a column, or "case" or "vote".

    `case`: the column that says on which case a row hangs. `after`, `days`: rows older than that setting by that time
    are deleted, or with `keeps_rows` only their columns of age emptied. `with_text`: rows go when the case's text goes.
    `of_messages`: its sealed columns hold what members wrote on the server, and stay empty where no texts are kept.
    `nothing`: the columns that say nothing about a person by themselves. `unshown`: why a personal column is in no
    section.
    """

    table: sa.Table
    group: str
    means: str
    guild: str | None
    nothing: str
    personal: Mapping[str, Column] = field(default_factory=dict)
    sections: tuple[Section, ...] = ()
    case: str | None = None
    after: str | None = None
    days: Days | None = None
    keeps_rows: bool = False
    with_text: bool = False
    of_messages: bool = False
    unshown: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """As the database calls it."""
        return self.table.name

    def problems(self) -> list[str]:
        """What the row does not state of the table as it is, a sentence each."""
        there = [column.name for column in self.table.columns]
        stated = [*self.nothing.split(), *self.personal]
        found = [f"{self.name}.{each} is not stated" for each in there if each not in stated]
        found += [f"{self.name}.{each} is no column" for each in stated if each not in there]
        found += [f"{self.name}.{each} is stated twice" for each in sorted(set(stated)) if stated.count(each) > 1]
        shown = {column for section in self.sections for column in (section.owner, *section.keys)}
        for name in self.personal:
            if name not in shown and name not in self.unshown:
                found.append(f"{self.name}.{name} is in no section of /privacy mine, and nothing says why")
        found += [f"{self.name}.{each} is sealed without a statement" for each in self._unsealed()]
        return found

    def _unsealed(self) -> list[str]:
        """Columns of bytes of which nothing says whether they are encrypted or a hash: a new key must reach both."""
        stated = {name for name, column in self.personal.items() if column.sealed or column.hash_of}
        binary = [each.name for each in self.table.columns if isinstance(each.type, sa.LargeBinary)]
        return [name for name in binary if name not in stated]


PERIODS: dict[Days, str] = {
    "text_days": "{text_days} days (`CANDOR_TEXT_DAYS`)",
    "prediction_days": "{prediction_days} days (`CANDOR_PREDICTION_DAYS`)",
    "case_days": "{case_days} days (`CANDOR_CASE_DAYS`)",
    "slot_days": "{slot_days} days",
}
HELD = "30 days after the case, the appeal and what was done are over"


def how_long(table: Table, column: Column) -> str:
    """When the column is emptied by itself."""
    if table.with_text or column.goes == "text":
        since = "the case was opened or closed" if table.case is not None else f"`{table.after}`"
        return f"with the text: {PERIODS['text_days']} after {since}"
    if column.goes in ("case", "asked"):
        return f"{PERIODS['case_days']} after the case closed"
    if table.days is not None:
        return f"{PERIODS[table.days]} after `{table.after}`"
    return "as long as the bot serves the server"


def on_request(table: Table, name: str, column: Column) -> str:
    """What `/privacy forget` does to it."""
    stays = [section.stays for section in table.sections if section.owner == name and not section.by_author]
    if stays and all(stays):
        return f"stays: {stays[0]}"
    if column.goes == "text" and table.case is None:
        return "dropped"
    if table.with_text or column.goes == "text":
        return f"dropped; held as evidence until {HELD}"
    if column.goes == "asked":
        return "dropped with the text"
    if column.goes == "case":
        if column.holds == "moderator":
            return "stays with the case"
        return "dropped, unless something was done or a moderator confirmed it: that fact stays"
    if any(section.owner == name and not section.stays for section in table.sections):
        return "dropped"
    return "dropped with its row" if column.holds == "text" else "stays"


def in_the_file(table: Table, name: str) -> str:
    """Where `/privacy mine` shows it."""
    found = [section.name for section in table.sections if name == section.owner or name in section.keys]
    return ", ".join(f"`{each}`" for each in found) if found else f"not shown: {table.unshown[name]}"
