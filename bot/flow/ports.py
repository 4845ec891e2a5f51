"""What the use cases need from outside, as protocols. `bot.app` gives them the real ones, tests give them fakes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from bot.core.alerts import Alert, RaidNotice, ServerStep
from bot.core.appeals import LogEntry, Notice
from bot.core.audits import AuditBatch
from bot.core.away import AwayReport, Found, Place
from bot.core.cases import Background, CardRef, Case
from bot.core.digest import Digest
from bot.core.events import IncomingMessage
from bot.core.guild_rules import GuildRules
from bot.core.policy import Action
from bot.core.retraining import RunProgress, RunReport
from bot.core.weekly import WeekReport
from moderation_model.contract import Explanation, ModelInfo, Prediction
from moderation_model.learning import RunOrder, RunState
from moderation_model.pictures import Picture


class ModelService(Protocol):
    """The classifier. Every method raises a `ModelError` (moderation_model/errors.py) and nothing else."""

    async def classify(
        self, texts: Sequence[str], *, guild_id: int | None = None, priority: str = "live"
    ) -> list[Prediction]:
        """One prediction a text, same order. `priority`: live, edit, explain or backfill."""
        ...

    async def explain(self, text: str, *, label: str | None = None) -> Explanation:
        """The words that carried `label`, by default the label that the text is flagged for most."""
        ...

    async def picture(self, picture: Picture) -> bytes:
        """The picture as PNG, 800 pixels wide."""
        ...

    async def info(self) -> ModelInfo:
        """What serves now."""
        ...


class LearnService(Protocol):
    """The model server where it learns. Every method raises a `ModelError` and nothing else."""

    async def classify(
        self, texts: Sequence[str], *, guild_id: int | None = None, priority: str = "live", version: str | None = None
    ) -> list[Prediction]:
        """One prediction a text, same order, of the champion or of the shadow by its name."""
        ...

    async def info(self) -> ModelInfo:
        """What serves now."""
        ...

    async def start_run(self, order: RunOrder) -> RunState:
        """Send the examples and start; the same order again gives the same run."""
        ...

    async def run_state(self, run_id: str) -> RunState:
        """Where the run stands. Raises BadRequest for one that the server does not know."""
        ...

    async def run_page(self, run_id: str, *, about: Sequence[tuple[str, str]] = (), guild: int | None = None) -> bytes:
        """What the run found as one HTML page, with these rows (what, value) that the caller knows, and the limits of
        that server alone.
        """
        ...

    async def cancel_run(self, run_id: str) -> RunState:
        """End the run; one that has ended stays as it ended."""
        ...

    async def set_shadow(self, version: str, *, on: bool) -> str | None:
        """Let the version score beside the champion, or no longer; which one does now."""
        ...

    async def promote(self, version: str, *, force: bool = False) -> str:
        """Make it the champion. Raises BadRequest where the gate did not pass it."""
        ...

    async def rollback(self) -> str:
        """Make the previous champion serve again; its version. Raises BadRequest where there is none."""
        ...

    async def picture(self, picture: Picture) -> bytes:
        """The picture as PNG, 800 pixels wide."""
        ...

    async def mark_stale(self, example_ids: Sequence[int]) -> list[str]:
        """Note that these examples were withdrawn or deleted; the versions that learned from one of them."""
        ...


class Model(LearnService, ModelService, Protocol):
    """The model server: it scores, and it learns."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an action ended. `refused`: it cannot be done and trying again is no use; `detail` says why.

    `already`: refused because somebody else has done it, or more, before; taken back by somebody else before.
    """

    state: Literal["done", "refused", "failed"]
    detail: str | None = None
    already: bool = False


class Enforcer(Protocol):
    """Performs actions on Discord. Refusals and failures are outcomes; neither method raises."""

    async def perform(self, case: Case, action: Action, *, reason: str) -> Outcome:
        """Do it. `reason` goes into Discord's audit log."""
        ...

    async def undo(self, case: Case, action: Action, *, reason: str) -> Outcome:
        """Take it back where Discord can; what cannot be reversed is `refused` with the sentence for the moderator."""
        ...

    async def settle(self, case: Case, action: Action) -> Outcome | None:
        """After a crash: the outcome if Discord shows that it was done or cannot be, None if it still is to be done."""
        ...


@dataclass(frozen=True, slots=True)
class Told:
    """Whether a notice reached its member, and where it stands then."""

    outcome: Outcome
    message: CardRef | None = None


class Messenger(Protocol):
    """What members read of the bot. Refusals and failures are outcomes; no method raises."""

    async def tell(self, notice: Notice) -> Told:
        """Send the notice as a direct message."""
        ...

    async def take_back(self, message: CardRef) -> None:
        """Delete a notice that turned out wrong."""
        ...

    async def quote(self, case: Case, *, as_member: bool) -> Outcome:
        """Put the case's text back where it stood, notifying nobody: `as_member` under the author's name, else as the
        bot's quote. `detail` of a done one says why it is a quote although it should stand under the author's name.
        """
        ...


class Board(Protocol):
    """The review channel. Raises `BoardUnavailable` with a sentence."""

    async def show(self, case: Case, *, channel_id: int, background: Background, search: bool = False) -> CardRef:
        """Post the case's card, or edit it where `case.card` is set; where it stands now. `search`: it may stand there
        although nobody wrote down where.
        """
        ...

    async def ping(self, alert: Alert, *, channel_id: int, role_id: int | None, silent: bool = False) -> None:
        """One plain line that notifies the role (without a role: notifies nobody, but is its own message)."""
        ...

    async def show_raid(self, notice: RaidNotice, *, channel_id: int) -> CardRef:
        """Post a raid's card with what moderators may do about it; where it stands."""
        ...

    async def scrub(self, card: CardRef) -> None:
        """Take the member's text off a posted card."""
        ...

    async def remove(self, card: CardRef) -> None:
        """Take a posted card away."""
        ...

    async def digest(self, digest: Digest | AwayReport, *, channel_id: int) -> None:
        """One silent message that says what waits in the queue, or what was found of an absence."""
        ...

    async def log(self, entry: LogEntry | ServerStep, *, guild_id: int, channel_id: int) -> None:
        """One silent line in the server's mod-log channel."""
        ...


class AuditBoard(Protocol):
    """The review channel for audits. Raises `BoardUnavailable` with a sentence."""

    async def show_audit(self, batch: AuditBatch, *, channel_id: int) -> CardRef:
        """Post the batch's card, or edit it where `batch.card` is set; where it stands now.

        A batch that is over shows how it ended and no text; its card is not posted anew where it is gone.
        """
        ...


class WeekBoard(Protocol):
    """The reports channel for the weekly report."""

    async def show_week(self, report: WeekReport, *, channel_id: int, png: bytes | None, words: str) -> CardRef:
        """Post the report silently, with the picture if there is one (`words`: what it shows); where it stands.

        Raises `BoardUnavailable` with a sentence.
        """
        ...

    async def trouble(self, rules: GuildRules) -> tuple[str, ...]:
        """What stands in the bot's way on the server now, a sentence with its fix each. Raises `BoardUnavailable`."""
        ...


class ReportBoard(Protocol):
    """The reports channel. Cards there are silent. Raises `BoardUnavailable` with a sentence."""

    async def show_progress(self, progress: RunProgress, *, guild_id: int, channel_id: int) -> CardRef:
        """Post how far the run is, or edit it where `progress.card` is set; where it stands now."""
        ...

    async def show_report(
        self, report: RunReport, *, guild_id: int, channel_id: int, png: bytes | None = None, words: str = ""
    ) -> CardRef:
        """Post the run's report with the picture if there is one (`words`: what it shows), or edit it where
        `report.run.report` is set; where it stands now. An edit without a picture keeps the one that is there.
        """
        ...


class Messages(Protocol):
    """Messages as they stand on Discord now."""

    async def fetch(self, *, guild_id: int, channel_id: int, message_id: int) -> IncomingMessage | None:
        """The message, or None if it is gone or cannot be read any more.

        Raises GuildAway while Discord does not bring its server, BotError if Discord does not answer.
        """
        ...

    async def fetch_many(
        self, *, guild_id: int, channel_id: int, message_ids: Sequence[int]
    ) -> Mapping[int, IncomingMessage]:
        """Those of the channel's messages that stand, by their id.

        Raises NotAllowed where the bot may not read them now, GuildAway and BotError as `fetch` does.
        """
        ...


class History(Protocol):
    """What stands in the channels, for what was missed."""

    def guild_ids(self) -> Sequence[int]:
        """The guilds that are there now."""
        ...

    def time(self) -> datetime | None:
        """Discord's time, None where it has not told it."""
        ...

    def joined_at(self, guild_id: int) -> datetime | None:
        """When the bot came to the guild."""
        ...

    def places(self, guild_id: int) -> Sequence[Place]:
        """The channels and active threads that the bot sees in the guild."""
        ...

    async def archived(self, guild_id: int, *, since: datetime) -> Sequence[Place]:
        """The public threads that were archived since then. Raises BotError if Discord does not answer."""
        ...

    async def titles(self, guild_id: int, *, since: datetime) -> Sequence[IncomingMessage]:
        """The titles of threads that were opened since then, those of `archived` among them; a forum post's comes with
        its first message. Raises BotError if Discord does not answer.
        """
        ...

    async def page(self, place: Place, *, before: int) -> Sequence[Found] | None:
        """Up to `PAGE` messages before that id as they stand now, the newest first; None where the place is gone.

        Raises NotAllowed where the bot may not read them, GuildAway and BotError as `Messages.fetch` does.
        """
        ...


PAGE = 100
"""Messages of one request for a channel's history, the most that Discord gives."""


class Clock(Protocol):
    """The time. Tests move it."""

    def now(self) -> datetime:
        """Now, with time zone UTC."""
        ...
