"""Stand-ins for the outside world in tests of the use cases. They keep what happened, so that tests look at that."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.core.alerts import Alert, RaidNotice, ServerStep
from bot.core.appeals import LogEntry, Notice
from bot.core.audits import AuditBatch
from bot.core.away import AwayReport
from bot.core.cases import Background, CardRef, Case
from bot.core.digest import Digest
from bot.core.events import IncomingMessage
from bot.core.guild_rules import GuildRules
from bot.core.policy import Action
from bot.core.retraining import RunProgress, RunReport
from bot.core.weekly import WeekReport
from bot.errors import BoardUnavailable, GuildAway, NotAllowed
from bot.flow.ports import Outcome, Told
from moderation_model.contract import Explanation, ModelInfo, Prediction
from moderation_model.errors import BadRequest, ModelError
from moderation_model.labels import LABEL_NAMES
from moderation_model.pictures import Picture
from tests.builders import MODEL, NOON, prediction
from tests.fake_runs import FakeRuns

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b55"
    "0000000a49444154789c636800000082008177cd72b60000000049454e44ae426082"
)
"""One grey pixel."""


class FakeClock:
    """A clock that a test moves."""

    def __init__(self, start: datetime = NOON) -> None:
        self.time = start

    def now(self) -> datetime:
        return self.time

    def move(self, **by: float) -> None:
        self.time += timedelta(**by)


class FakeModel(FakeRuns):
    """Flags by words: "insult" in a text is an insult, "threat" a threat, "damn" obscene, and so on by label name.

    `predictions`: what the champion says of a text instead, `challenges` what its shadow does.
    """

    def __init__(self) -> None:
        super().__init__()
        self.down: ModelError | None = None
        self.explainer_down: ModelError | None = None
        self.refuses: dict[str, ModelError] = {}
        self.asked: list[str] = []
        self.classified: list[str] = []
        self.drawn: list[Picture] = []
        self.predictions: dict[str, Prediction] = {}
        self.challenges: dict[str, Prediction] = {}

    async def classify(
        self, texts: Sequence[str], *, guild_id: int | None = None, priority: str = "live", version: str | None = None
    ) -> list[Prediction]:
        if version not in (None, self.serving, self.shadow):
            raise BadRequest(f"Version {version} is neither the champion nor its shadow.")
        self.asked += texts
        if self.down is not None:
            raise self.down
        for text in texts:
            if text in self.refuses:
                raise self.refuses[text]
        self.classified += texts
        if version is not None and version == self.shadow:
            return [self.challenges.get(text) or self._by_words(text) for text in texts]
        return [self.predictions.get(text) or self._by_words(text) for text in texts]

    def _by_words(self, text: str) -> Prediction:
        words = {name: 0.9 for name in LABEL_NAMES if name in text.lower()}
        if "damn" in text.lower():
            words["obscene"] = 0.9
        return prediction(words)

    async def explain(self, text: str, *, label: str | None = None) -> Explanation:
        if self.down or self.explainer_down:
            raise self.down or self.explainer_down or ModelError()
        words = tuple(text.split())
        values = tuple(1.0 if word.lower().strip(".,!") in LABEL_NAMES else 0.0 for word in words)
        return Explanation(label or "toxic", words, values, -2.0, 0.9, "as_written", MODEL)

    async def picture(self, picture: Picture) -> bytes:
        if self.down is not None:
            raise self.down
        self.drawn.append(picture)
        return PNG

    async def info(self) -> ModelInfo:
        if self.down is not None:
            raise self.down
        return ModelInfo(
            self.serving, LABEL_NAMES, (), dict.fromkeys(LABEL_NAMES, 0.5), True, "fake", "cpu", "fp32", 128, ("en",)
        )


class FakeEnforcer:
    """Discord's side of actions. `answers` gives the outcome of the next action of a kind."""

    def __init__(self) -> None:
        self.performed: list[tuple[int, Action]] = []
        self.undone: list[tuple[int, Action]] = []
        self.answers: dict[str, Outcome] = {}
        self.found: dict[str, Outcome] = {}

    async def perform(self, case: Case, action: Action, *, reason: str) -> Outcome:
        outcome = self.answers.get(action.kind, Outcome("done"))
        if outcome.state == "done":
            self.performed.append((case.message_id, action))
        return outcome

    async def undo(self, case: Case, action: Action, *, reason: str) -> Outcome:
        if action.kind == "delete":
            return Outcome("refused", "A deleted message cannot be put back.")
        self.undone.append((case.message_id, action))
        return Outcome("done", f"The {action.kind} is lifted.")

    async def settle(self, case: Case, action: Action) -> Outcome | None:
        return self.found.get(action.kind)


class FakeMessenger:
    """Members' direct messages and the bot's quotes. `answers` gives the outcome for a member, `quoting` for quotes."""

    def __init__(self) -> None:
        self.notices: list[Notice] = []
        self.quotes: list[str | None] = []
        self.answers: dict[int, Outcome] = {}
        self.quoting = Outcome("done")

    async def tell(self, notice: Notice) -> Told:
        outcome = self.answers.get(notice.member_id, Outcome("done"))
        if outcome.state != "done":
            return Told(outcome)
        self.notices.append(notice)
        return Told(outcome, CardRef(notice.member_id, len(self.notices) - 1))

    async def take_back(self, message: CardRef) -> None:
        del self.notices[message.message_id]

    async def quote(self, case: Case, *, as_member: bool) -> Outcome:
        if self.quoting.state == "done":
            self.quotes.append(case.text)
        return self.quoting


@dataclass
class FakeBoard:
    """The review channel as a dict of cards by message id. `pings`: the cases that people were called to; `alerts`:
    every line, with the role that was called and whether it came silently.
    """

    cards: dict[int, Case] = field(default_factory=dict)
    backgrounds: dict[int, Background] = field(default_factory=dict)
    pings: list[int] = field(default_factory=list)
    alerts: list[tuple[Alert, int | None, bool]] = field(default_factory=list)
    alert_channels: list[int] = field(default_factory=list)
    raids: list[RaidNotice] = field(default_factory=list)
    closed_channels: set[int] = field(default_factory=set)
    scrubbed: list[int] = field(default_factory=list)
    log_lines: list[LogEntry] = field(default_factory=list)
    steps: list[ServerStep] = field(default_factory=list)
    digests: list[Digest] = field(default_factory=list)
    away: list[AwayReport] = field(default_factory=list)
    log_broken: bool = False
    weeks: list[tuple[WeekReport, int, bytes | None]] = field(default_factory=list)
    in_trouble: tuple[str, ...] = ()
    progress: list[RunProgress] = field(default_factory=list)
    reports: list[RunReport] = field(default_factory=list)
    report_pictures: list[bytes | None] = field(default_factory=list)
    reported: asyncio.Event = field(default_factory=asyncio.Event)
    audits: dict[int, AuditBatch] = field(default_factory=dict)
    broken: bool = False
    ping_broken: bool = False
    posted: int = 0

    async def show(self, case: Case, *, channel_id: int, background: Background, search: bool = False) -> CardRef:
        if self.broken:
            raise BoardUnavailable("The review channel cannot be reached.")
        self.backgrounds[case.case_id] = background
        standing = [CardRef(channel_id, card) for card, shown in self.cards.items() if shown.case_id == case.case_id]
        known = case.card or (standing[-1] if search and standing else None)
        card = known or CardRef(channel_id, 5000 + self.posted)
        self.posted += known is None
        self.cards[card.message_id] = case
        return card

    async def ping(self, alert: Alert, *, channel_id: int, role_id: int | None, silent: bool = False) -> None:
        if self.ping_broken or channel_id in self.closed_channels:
            raise BoardUnavailable("The review channel cannot be reached.")
        self.pings += [alert.case_id] if alert.case_id is not None else []
        self.alerts.append((alert, role_id, silent))
        self.alert_channels.append(channel_id)

    async def show_raid(self, notice: RaidNotice, *, channel_id: int) -> CardRef:
        if self.broken or channel_id in self.closed_channels:
            raise BoardUnavailable("The review channel cannot be reached.")
        self.raids.append(notice)
        return CardRef(channel_id, 9000 + len(self.raids))

    async def show_audit(self, batch: AuditBatch, *, channel_id: int) -> CardRef:
        if self.broken:
            raise BoardUnavailable("The review channel cannot be reached.")
        card = batch.card or CardRef(channel_id, 7000 + len(self.audits))
        self.audits[card.message_id] = batch
        return card

    async def scrub(self, card: CardRef) -> None:
        if self.broken:
            raise BoardUnavailable("The review channel cannot be reached.")
        self.scrubbed.append(card.message_id)

    async def remove(self, card: CardRef) -> None:
        if self.broken:
            raise BoardUnavailable("The review channel cannot be reached.")
        del self.cards[card.message_id]

    async def digest(self, digest: Digest | AwayReport, *, channel_id: int) -> None:
        if self.broken:
            raise BoardUnavailable("The review channel cannot be reached.")
        if isinstance(digest, Digest):
            self.digests.append(digest)
        else:
            self.away.append(digest)

    async def show_week(self, report: WeekReport, *, channel_id: int, png: bytes | None, words: str) -> CardRef:
        if self.broken:
            raise BoardUnavailable("The review channel cannot be reached.")
        self.weeks.append((report, channel_id, png))
        return CardRef(channel_id, 8000 + len(self.weeks))

    async def trouble(self, rules: GuildRules) -> tuple[str, ...]:
        return self.in_trouble

    async def log(self, entry: LogEntry | ServerStep, *, guild_id: int, channel_id: int) -> None:
        if self.log_broken:
            raise BoardUnavailable("The log channel cannot be reached.")
        if isinstance(entry, LogEntry):
            self.log_lines.append(entry)
        else:
            self.steps.append(entry)

    async def show_progress(self, progress: RunProgress, *, guild_id: int, channel_id: int) -> CardRef:
        if self.broken:
            raise BoardUnavailable("The reports channel cannot be reached.")
        card = progress.card or CardRef(channel_id, 8000 + len(self.progress))
        self.progress.append(progress)
        return card

    async def show_report(
        self, report: RunReport, *, guild_id: int, channel_id: int, png: bytes | None = None, words: str = ""
    ) -> CardRef:
        if self.broken:
            raise BoardUnavailable("The reports channel cannot be reached.")
        self.reports.append(report)
        self.report_pictures.append(png)
        self.reported.set()
        return CardRef(*report.run.report) if report.run.report else CardRef(channel_id, 9000 + len(self.reports))


class FakeMessages:
    """What stands on Discord now, by message id. `away`: guilds of which Discord says nothing; `closed`: channels that
    the bot may not read; `asked`: the channels that were asked for.
    """

    def __init__(self) -> None:
        self.standing: dict[int, IncomingMessage] = {}
        self.away: set[int] = set()
        self.closed: set[int] = set()
        self.asked: list[int] = []

    async def fetch(self, *, guild_id: int, channel_id: int, message_id: int) -> IncomingMessage | None:
        return self.standing.get(message_id)

    async def fetch_many(
        self, *, guild_id: int, channel_id: int, message_ids: Sequence[int]
    ) -> Mapping[int, IncomingMessage]:
        self.asked.append(channel_id)
        if guild_id in self.away:
            raise GuildAway
        if channel_id in self.closed:
            raise NotAllowed("I may not read the history of a channel.")
        return {message_id: self.standing[message_id] for message_id in message_ids if message_id in self.standing}
