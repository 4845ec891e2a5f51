"""Records as a CSV file for an administrator: ids, times, labels, scores and verdicts, never what a member wrote."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

import structlog

from bot.core.csv_file import CsvFile
from bot.errors import BotError
from bot.flow.ports import Clock
from bot.store.exporting import ExportStore, Wanted
from bot.store.guilds import GuildStore, flat
from moderation_model.labels import LABEL_NAMES
from moderation_model.pictures import counted

log = structlog.get_logger(__name__)

What = Literal["cases", "verdicts", "settings"]
Row = dict[str, Any]
Read = Callable[[Wanted], Awaitable[list[Row]]]

MOST_DAYS = 365
MOST_ROWS = 20_000
MOST_BYTES = 8_000_000
"""Under what Discord takes in one message on a server without boosts (10 MiB)."""
PAGE = 500

COLUMNS: dict[What, tuple[str, ...]] = {
    "cases": (
        "case_id", "shares_card_of", "link", "channel_id", "message_id", "revision", "author_id", "opened_why", "state",
        "posted_at_utc", "opened_at_utc", "closed_at_utc", "reasons", *(f"score_{name}" for name in LABEL_NAMES),
        "stars", "reading", "model_version", "inclusion_probability", "actions", "verdicts", "appeal",
    ),
    "verdicts": (
        "case_id", "channel_id", "message_id", "opened_why", "opened_at_utc", "voted_at_utc", "moderator_id", "verdict",
        "label", "answer", "score", "model_version",
    ),
    "settings": ("record", "setting", "value", "before", "changed_at_utc", "changed_by"),
}  # fmt: skip
HOLDS: dict[What, str] = {
    "cases": "ids, times, labels, scores, the model's version, what was done and the verdicts",
    "verdicts": "ids, times, labels, scores, the model's version and what moderators said of each label",
    "settings": "what is set now (with your keywords and rule names), and each change with who made it",
}
NO_TEXT = "It holds {holds}; no message text and no names."
IDS = "Ids begin with an apostrophe, so that spreadsheets do not round them."


@dataclass(frozen=True, slots=True)
class Exported:
    """The answer; without a file where there was nothing to put into one."""

    sentence: str
    filename: str = ""
    data: bytes | None = None


@dataclass(frozen=True, slots=True)
class Exporting:
    """Reads page by page, so that a large table is never in memory."""

    records: ExportStore
    guilds: GuildStore
    clock: Clock
    most_rows: int = MOST_ROWS
    most_bytes: int = MOST_BYTES

    async def of(self, *, guild_id: int, what: What, days: int, by: int) -> Exported:
        """The last `days` as a file; for `settings` also what is set now. The newest records come first, and what has
        no room is left out and said. Raises BotError, StoreUnavailable.
        """
        if not 1 <= days <= MOST_DAYS:
            raise BotError(f"An export looks back 1 to {MOST_DAYS} days.")
        now = self.clock.now()
        wanted = Wanted(guild_id, now - timedelta(days=days), PAGE)
        period = "day" if days == 1 else f"{days} days"
        file = CsvFile(COLUMNS[what], most_rows=self.most_rows, most_bytes=self.most_bytes)
        full_at = await self._fill(file, what, wanted)
        log.info("exported", guild_id=guild_id, what=what, rows=file.rows, by=by)
        if not file.rows and full_at is None:
            return Exported(f"There are no {what} in the last {period}, so there is nothing to export.")
        said = [
            f"{counted(file.rows, 'row')}: the {what} of the last {period}.",
            NO_TEXT.format(holds=HOLDS[what]),
            IDS,
        ]
        if full_at is not None:
            said.append(
                f"The file is full ({self.most_rows:,} rows or {self.most_bytes / 1e6:g} MB), so what is older than "
                f"<t:{full_at.timestamp():.0f}:f> is left out. Ask for fewer days to have all of them."
            )
        return Exported(" ".join(said), f"candor-{what}-{now:%Y-%m-%d}.csv", file.data)

    async def _fill(self, file: CsvFile, what: What, wanted: Wanted) -> datetime | None:
        """Write what there is; the time of the first record that had no room, None if all had."""
        match what:
            case "cases":
                read, rows, time = self.records.cases, _case, "opened_at"
            case "verdicts":
                read, rows, time = self.records.verdicts, _verdict, "voted_at"
            case "settings":
                read, rows, time = self.records.setting_changes, _change, "changed_at"
                for name, value in flat(await self.guilds.get(wanted.guild_id)).items():
                    file.add({"record": "now", "setting": name, "value": value})
        async for record in _newest_first(read, wanted):
            if not all(file.add(row) for row in rows(record)):
                return record[time]
        return None


async def _newest_first(read: Read, wanted: Wanted) -> AsyncIterator[Row]:
    while page := await read(wanted):
        for record in page:
            yield record
        wanted = replace(wanted, below=page[-1]["id"])


def _case(record: Row) -> Iterable[Row]:
    scores: Mapping[str, float] = record["scores"] or {}
    stars: list[float] = record["sentiment"] or []
    yield record | {
        "case_id": record["id"],
        "shares_card_of": record["lead_id"],
        "link": record["jump_url"],
        **{f"{name}_utc": record[name] for name in ("posted_at", "opened_at", "closed_at")},
        "reasons": "; ".join(_reason(reason) for reason in record["reasons"]),
        **{f"score_{name}": score for name, score in scores.items()},
        "stars": sum(number * share for number, share in enumerate(stars, start=1)) if stars else None,
        "actions": "; ".join(_action(action) for action in record["actions"]),
        "verdicts": "; ".join(f"{vote['verdict']} by {vote['moderator_id']}" for vote in record["votes"]),
    }


def _reason(reason: Mapping[str, Any]) -> str:
    """What a keyword found are the member's words, so it is left out."""
    if reason["rule"] == "keyword":
        return "keyword"
    return f"{reason['label']} {reason['score']:.3f} from {reason['limit']:.3f} ({reason['rule']})"


def _action(action: Mapping[str, Any]) -> str:
    length = f" {action['seconds']} s" if action["seconds"] else ""
    return f"{action['kind']}{length} {action['state']} by {action['done_by'] or 'the bot'}"


def _verdict(record: Row) -> Iterable[Row]:
    """One row a label of which it says something, else one without a label."""
    times = {"opened_at_utc": record["opened_at"], "voted_at_utc": record["voted_at"]}
    for label in record["labels"] or ({},):
        yield record | times | dict(label)


def _change(record: Row) -> Iterable[Row]:
    yield {
        "record": "change",
        "setting": record["setting"],
        "value": record["new"],
        "before": record["old"],
        "changed_at_utc": record["changed_at"],
        "changed_by": record["changed_by"],
    }
