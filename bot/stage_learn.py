"""The demo of learning: a community whose slang the model gets wrong, its moderators' verdicts, the scheduled run that
learns from them, the report, and what the model in force makes of lines that nobody has judged, before and after.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from rich.console import Console

from bot.app import App
from bot.core.lessons import Run
from bot.jobs import TICK, CronSchedule
from bot.sandbox.sandbox import Sandbox
from bot.stage_crowd import REVIEW_CHANNEL, Crowd, Measured, gained
from bot.stage_hands import text_of
from bot.stage_watch import DemoFailed, Watch
from moderation_model.checks.community import Line, community
from moderation_model.errors import ModelError
from moderation_model.learning import RunState

SEED = 1
LIVED, HELD_OUT = 1200, 500
"""Lines that are written for about 300 verdicts, and lines made of other sentences that only measure."""
HELD_OUT_SEED = 100_000
SHADOWED = 60
"""Messages that a model which passed the gate scores beside the one in force, before it serves."""
CARDS_A_DAY, AUDIT_A_DAY = 500, 12
LEARN_CRON = "0 3 * * *"
"""Every night, so that what was judged is of the last days when the report looks back on a week."""
ROUNDS = 5
"""So often members write a round of lines until the new model serves."""
BEGIN_SECONDS = 60.0
RUN_SECONDS = 1200.0
LOOK_SECONDS = 1.0
ADMINISTRATOR = "Robin"
PAGE_FILE, NUMBERS_FILE = "learning-report.html", "learning-report.json"


@dataclass
class LearnStage:
    """One performance. `folder`: where the report is kept; `lived`: how many lines are written for verdicts;
    `held_out`: how many only measure.
    """

    app: App
    sandbox: Sandbox
    watch: Watch
    folder: Path
    headless: bool
    console: Console
    lived: int = LIVED
    held_out: int = HELD_OUT
    crowd: Crowd = field(init=False)
    _verdicts: int = 0
    _started: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.crowd = Crowd(self.app, self.sandbox, self.watch, SEED)

    async def play(self) -> dict[str, Any]:
        """Verdicts, the run when it is due, its report, and the figures. `promoted` says whether the new model serves.

        Raises DemoFailed where the loop stops, and TimeoutError where a line is lost.
        """
        await self._set_up()
        before = await self._measure("before", community(self.held_out, seed=HELD_OUT_SEED + SEED, cores="new"))
        self._say("The community writes; four moderators answer the cards ...")
        await self.crowd.live(community(self.lived, seed=SEED, cores="known"))
        self.sandbox.clock.advance(timedelta(hours=21).total_seconds())
        await self.crowd.audit()
        self._verdicts = self.crowd.verdicts.total()
        self._tell("verdicts", {**self.crowd.verdicts, "together": self._verdicts})
        old = (await self.app.model.info()).version
        run = await self._reported(await self._begun())
        run = await self._decided(run)
        await self._show(run)
        serving = (await self.app.model.info()).version
        after = await self._measure("after", before.lines)
        return self._summary(run, before, after, old=old, serving=serving)

    async def _set_up(self) -> None:
        """As a team that has had the bot since yesterday and reads every card."""
        hands = self.crowd.hands
        await hands.command(ADMINISTRATOR, "candor setup", review_channel=f"#{REVIEW_CHANNEL}")
        # The clock passes more than one Sunday until there are labels to learn from.
        for name, value in (("cards_a_day", CARDS_A_DAY), ("audit_a_day", AUDIT_A_DAY), ("learn_cron", "none")):
            await hands.command(ADMINISTRATOR, "candor rules set", setting=name, value=str(value))
        now = self.sandbox.clock.now()
        await self.app.guilds.change(
            self.sandbox.guild.id, lambda rules: replace(rules, set_up_at=now - timedelta(days=1)), by=None, at=now
        )

    async def _measure(self, when: str, lines: Sequence[Line]) -> Measured:
        """What the model in force makes of lines that nobody judges; no cards are made of them."""
        self._say(f"{len(lines)} lines that nobody judges, {when} ...")
        hands = self.crowd.hands
        await hands.command(ADMINISTRATOR, "candor rules set", setting="audit_a_day", value="0")
        await hands.command(ADMINISTRATOR, "candor rules set", setting="cards_a_day", value="1")
        found = await self.crowd.measure(lines)
        await self.app.desk.drain()
        # What waits in the queue for more than a day takes no card from what comes next.
        self.sandbox.clock.advance(timedelta(hours=25).total_seconds())
        await hands.command(ADMINISTRATOR, "candor rules set", setting="cards_a_day", value=str(CARDS_A_DAY))
        await hands.command(ADMINISTRATOR, "candor rules set", setting="audit_a_day", value=str(AUDIT_A_DAY))
        self._tell(f"held_out_{when}", found.to_json())
        return found

    async def _begun(self) -> Run:
        """Move the clock to when learning is due by the server's schedule; the run that has begun then."""
        await self.crowd.hands.command(ADMINISTRATOR, "candor rules set", setting="learn_cron", value=LEARN_CRON)
        rules = await self.app.guilds.get(self.sandbox.guild.id)
        now = self.sandbox.clock.now()
        due = CronSchedule().next_due(rules.learn_cron or "", now)
        if due is None:
            raise DemoFailed("The server's schedule of learning is never due.")
        self._say(f"The clock moves from {now:%A %H:%M} to {due:%A %H:%M}, when learning is due ...")
        self.sandbox.clock.advance((due - now).total_seconds())
        await self.app.jobs.tick()
        deadline = time.monotonic() + BEGIN_SECONDS
        while time.monotonic() < deadline:
            if runs := await self.app.flows.learn.newest():
                return runs[0]
            for slot in await self.app.leases.history(f"learn:{rules.guild_id}", limit=1):
                if slot.ended_at is not None:
                    raise DemoFailed(f"The run that was due did not begin: {slot.detail}")
            await asyncio.sleep(LOOK_SECONDS)
        raise DemoFailed(f"The run that was due had not begun after {BEGIN_SECONDS:.0f} s.")

    async def _reported(self, run: Run) -> Run:
        """The run once its report is posted; until then its progress is told."""
        self._say(f"{run.run_id} learns from {int(run.facts['examples'])} labels ...")
        told, deadline = _Told(), time.monotonic() + RUN_SECONDS
        while time.monotonic() < deadline:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                for line in told.news(await self.app.model.run_state(run.run_id)):
                    self._say(f"  {line}")
            except ModelError as error:
                self._say(f"  {error}")
            run = next(each for each in await self.app.flows.learn.newest() if each.run_id == run.run_id)
            if run.phase in ("failed", "cancelled"):
                raise DemoFailed(f"The run ended as {run.phase}: {run.error}")
            if run.report is not None:
                return run
        raise DemoFailed(f"The run had no report after {RUN_SECONDS / 60:.0f} min.")

    async def _decided(self, run: Run) -> Run:
        """The run once its model serves, or will not: the members write on, and both models score what they write."""
        if run.result is None or run.result.passed is None:
            return run
        lines = community(ROUNDS * SHADOWED, seed=SEED + 1, cores="known")
        for number in range(ROUNDS):
            if run.decision is not None:
                break
            self._say("The new model scores what members write, beside the one in force ...")
            await self.crowd.live(lines[number * SHADOWED :][:SHADOWED])
            await self.app.flows.shadow.drain()
            run = await self._after_a_tick(run)
        return run

    async def _after_a_tick(self, run: Run) -> Run:
        """The run after what is due now; what one tick starts, such as loading a model, takes a moment."""
        self.sandbox.clock.advance(TICK.total_seconds())
        await self.app.jobs.tick()
        deadline = time.monotonic() + TICK.total_seconds()
        while run.decision is None and time.monotonic() < deadline:
            await asyncio.sleep(LOOK_SECONDS)
            run = next(each for each in await self.app.flows.learn.newest() if each.run_id == run.run_id)
        return run

    async def _show(self, run: Run) -> None:
        """The report as it stands in the channel; page and numbers are kept in the folder."""
        assert run.report is not None, "waited for"
        channel_id, message_id = run.report
        card = text_of(self.sandbox.channel(channel_id).messages[message_id])
        details = await self.app.flows.run_details.of(run.run_id, guild_id=self.sandbox.guild.id)
        await asyncio.to_thread((self.folder / PAGE_FILE).write_bytes, details.page or b"")
        numbers_as_text = json.dumps(details.data, indent=2, ensure_ascii=False)
        await asyncio.to_thread((self.folder / NUMBERS_FILE).write_text, numbers_as_text, "utf-8")
        self._tell("report", {"card": card, "page": str(self.folder / PAGE_FILE)})

    def _summary(self, run: Run, before: Measured, after: Measured, *, old: str, serving: str) -> dict[str, Any]:
        assert run.result is not None, "reported"
        verdict = run.result.verdict
        return {
            "promoted": serving == run.result.challenger and run.decision == "auto",
            "before": old,
            "serving": serving,
            "gate": [{"rule": row.rule, "met": row.met, "reason": row.reason} for row in verdict.rows],
            "verdicts": self._verdicts,
            "examples": int(run.facts["examples"]),
            "held_out_before": before.to_json(),
            "held_out_after": after.to_json(),
            "false_flags_gained": [round(each, 4) for each in gained(before.false_flags, after.false_flags)],
            "recall_gained": [round(each, 4) for each in gained(before.found, after.found)],
            "messages_left_unscored_for_a_while": self.watch.unscored,
            "run_minutes": round(run.result.minutes, 2),
            "minutes": round((time.monotonic() - self._started) / 60, 2),
            "report": str(self.folder / PAGE_FILE),
        }

    def _say(self, line: str) -> None:
        minutes = (time.monotonic() - self._started) / 60
        self.console.print(f"  {minutes:4.1f} min  {line}", markup=False, soft_wrap=True)

    def _tell(self, what: str, found: dict[str, Any]) -> None:
        if self.headless:
            print(json.dumps({what: found}, ensure_ascii=False), flush=True)  # noqa: T201 - the output is the point
            return
        lines = str(found["card"]).split("\n") if "card" in found else [f"{name}: {found[name]}" for name in found]
        for line in lines:
            self._say(f"  {line}")


def learned(summary: dict[str, Any]) -> list[str]:
    """The summary in sentences."""
    before, after = summary["held_out_before"], summary["held_out_after"]
    false_flags, recall = summary["false_flags_gained"], summary["recall_gained"]
    lines = [
        f"From {summary['examples']} labels, in {summary['run_minutes']} min of training and comparing:",
        f"false flags on {before['harmless']} harmless lines: {before['false_flags']} before, {after['false_flags']} "
        f"after ({false_flags[1]:+.1%} to {false_flags[2]:+.1%} of the lines)",
        f"found of {before['harmful']} harmful lines: {before['found']} before, {after['found']} after "
        f"({recall[1]:+.1%} to {recall[2]:+.1%})",
    ]
    if summary["promoted"] and summary["serving"] == summary["before"]:
        lines.append("New limits passed the gate and are in force; the model is the same.")
    elif summary["promoted"]:
        lines.append(f"{summary['serving']} passed the gate and serves; before it {summary['before']} did.")
    else:
        lines.append(f"{summary['serving']} serves as before: the gate did not let the new model pass.")
        lines += [f"  {row['rule']}: {row['reason']}" for row in summary["gate"] if not row["met"]]
    return [*lines, f"The whole took {summary['minutes']} min. The report: {summary['report']}"]


@dataclass
class _Told:
    """What of a run's state was told already."""

    lines: int = 0
    tenth: tuple[str, int] = ("", -1)

    def news(self, state: RunState) -> list[str]:
        """New lines of its log, and each tenth of a stage. The log holds the newest lines only, so some may be lost."""
        found = list(state.log[self.lines :])
        self.lines = len(state.log)
        if state.every:
            tenth = (state.stage, 10 * state.done // state.every)
            if tenth != self.tenth:
                self.tenth = tenth
                found.append(f"{state.stage}: {state.done} of {state.every}")
        return found
