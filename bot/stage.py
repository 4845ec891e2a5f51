"""The demo's performance: it plays the script, waits for what the bot makes of each line, and compares.

Part of the `demo` verb, and like it allowed to see both the bot and the sandbox.
"""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from rich.console import Console

from bot.app import App
from bot.core.cases import Case
from bot.flow.moderate import Passed
from bot.memory import resident_megabytes
from bot.sandbox.sandbox import Sandbox
from bot.sandbox.script import RAID, SCRIPT, Line, play
from bot.stage_day import REVIEW_CHANNEL, Day, Step
from bot.stage_hands import Hands
from bot.stage_watch import DemoFailed, Watch

CARDS_A_DAY = 500
SET_UP = (
    f"Harbor Games has had Candor since yesterday, and its team reads {CARDS_A_DAY} cards a day (/candor rules set)."
)
BREATH_SECONDS = 0.7
"""Between two lines with the page open, so that a person can follow."""


@dataclass
class Stage:
    """One performance of the script."""

    app: App
    sandbox: Sandbox
    watch: Watch
    headless: bool
    console: Console
    wrong: list[str] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)

    async def play(self) -> dict[str, Any]:
        """Setup, fifteen lines, the raid, a day of reviewing; the closing summary. Raises DemoFailed."""
        hands = Hands(self.sandbox)
        await self._set_up(hands)
        first_case = None
        for line in SCRIPT:
            case = await self._line(line, hands)
            first_case = first_case or case
            if not self.headless:
                await asyncio.sleep(BREATH_SECONDS)
        if first_case is None:
            raise DemoFailed("No line of the script opened a case, so there is nothing to review.")
        raid = await self._raid()
        day = Day(self.app, self.sandbox, self.watch, breath=0.0 if self.headless else BREATH_SECONDS)
        async for step in day.play(first_case):
            self.steps.append(step)
            self._print_step(step)
        return await self._summary(raid)

    async def _set_up(self, hands: Hands) -> None:
        """As a team that has had the bot since yesterday and reads many cards: in its first 24 hours a server gets
        ten cards at most, and the script and whoever plays on afterwards need more.
        """
        await hands.command("Robin", "candor setup", review_channel=f"#{REVIEW_CHANNEL}")
        await hands.command("Robin", "candor rules set", setting="cards_a_day", value=str(CARDS_A_DAY))
        self.console.print(f"  {SET_UP}", markup=False, soft_wrap=True)
        now = self.sandbox.clock.now()
        await self.app.guilds.change(
            self.sandbox.guild.id, lambda rules: replace(rules, set_up_at=now - timedelta(days=1)), by=None, at=now
        )

    async def _line(self, line: Line, hands: Hands) -> Case | None:
        (message_id,) = await play(self.sandbox, line)
        passed = await self.watch.of(message_id, edited=line.kind == "edit")
        if line.first is not None and line.kind == "edit":
            before = await self.watch.of(message_id, edited=False)
            if before.case is not None:
                self.wrong.append(f"line {line.number} before its edit: case {before.case.case_id}, wanted none")
        case, reported = passed.case, False
        if case is None and line.report_by is not None:
            reported = True
            await hands.use_menu(line.report_by, "Report to moderators", message_id, written="")
            case = await self.app.cases.of_message(guild_id=passed.message.guild_id, message_id=message_id)
        if case is not None:
            case = await self.watch.card(case.lead_id or case.case_id)
        problem = judge(line, passed)
        if problem is not None:
            self.wrong.append(f"line {line.number}: {problem}")
        self.times.append(passed.milliseconds)
        self._print(line_json(line, passed, case, reported=reported, problem=problem), problem)
        return case

    async def _raid(self) -> dict[str, Any]:
        started = time.perf_counter()
        message_ids = await play(self.sandbox, RAID)
        said = time.perf_counter()
        passes = [await self.watch.of(message_id, edited=False) for message_id in message_ids]
        decided = time.perf_counter()
        leads = {passed.case.lead_id or passed.case.case_id for passed in passes if passed.case is not None}
        cases = sum(passed.case is not None for passed in passes)
        for lead in leads:
            expected = sum(passed.case is not None and passed.case.lead_id == lead for passed in passes)
            await self.watch.card(lead, shows=lambda case, least=expected: case.followers >= least)
        self.times += [passed.milliseconds for passed in passes]
        found = {
            "messages": len(message_ids),
            "seconds_to_say": round(said - started, 2),
            "seconds_until_decided": round(decided - started, 2),
            "cases": cases,
            "cards": len(leads),
        }
        self._print({"raid": RAID.text, **found}, None if len(leads) == 1 else f"{len(leads)} cards, wanted one")
        return found

    async def _summary(self, raid: dict[str, Any]) -> dict[str, Any]:
        self.times.sort()
        health = await self.app.model.health()
        pids = {"bot": None, "model_server": health.get("pid"), "explainer": health.get("explainer_pid")}
        return {
            "set_up": SET_UP,
            "lines": len(SCRIPT),
            "as_they_must_be": len(SCRIPT) - len({entry.split(":")[0].split(" before")[0] for entry in self.wrong}),
            "wrong": self.wrong,
            "raid": raid,
            "reviewing": {
                "steps": len(self.steps),
                "as_they_must_be": sum(step.problem is None for step in self.steps),
                "wrong": [f"step {step.number}: {step.problem}" for step in self.steps if step.problem],
            },
            "messages_left_unscored_for_a_while": self.watch.unscored,
            "milliseconds_per_message": {
                "median": round(self.times[len(self.times) // 2], 1),
                "longest": round(self.times[-1], 1),
            },
            "resident_megabytes": {name: resident_megabytes(pid) for name, pid in pids.items()},
            "model_version": (await self.app.model.info()).version,
        }

    def _print(self, found: dict[str, Any], problem: str | None) -> None:
        if self.headless:
            print(json.dumps(found, ensure_ascii=False), flush=True)  # noqa: T201 - the output is the point
            return
        text, decision = found.get("text") or found["raid"], found.get("decision", {})
        what = ", ".join(decision.get("labels", ())) or decision.get("opens") or "-"
        if "raid" in found:
            what = f"{found['cases']} cases, {found['cards']} card{'' if found['cards'] == 1 else 's'}"
        if found.get("reported_by"):
            what += f"; reported by {found['reported_by']}"
        note = f"   not as it must be: {problem}" if problem else ""
        who = found.get("who", RAID.who)
        self.console.print(f"  {who:<22} {text}\n  {'':<22} → {what}{note}", markup=False, soft_wrap=True)

    def _print_step(self, step: Step) -> None:
        if self.headless:
            print(json.dumps(step.to_json(), ensure_ascii=False), flush=True)  # noqa: T201 - the output is the point
            return
        note = f"   not as it must be: {step.problem}" if step.problem else ""
        self.console.print(f"  {f'Reviewing, {step.number}':<22} {step.what}{note}", markup=False, soft_wrap=True)


def judge(line: Line, passed: Passed) -> str | None:
    """What is not as the script wants it, in a few words; None if all is."""
    labels, opens = passed.decision.labels, passed.decision.opens
    match line.must:
        case "none":
            return f"flagged as {', '.join(labels) or opens}" if opens is not None else None
        case "care":
            return None if opens == "care" else f"wanted a care card, got {opens or 'no case'}"
        case "may_be_missed":
            return None
        case label:
            if label not in labels:
                return f"the model missed the {label}" if opens is None else f"{', '.join(labels)}, not {label}"
    if line.seen_as is not None and passed.decision.reasons[0].reading != line.seen_as:
        return f"seen as {passed.decision.reasons[0].reading}, not {line.seen_as}"
    if line.ping and not passed.decision.ping:
        return "nobody was called"
    return None


def line_json(line: Line, passed: Passed, case: Case | None, *, reported: bool, problem: str | None) -> dict[str, Any]:
    """What `--headless` prints of one message."""
    first = passed.predictions[0] if passed.predictions else None
    decision = passed.decision
    # A line that joined another's card has no explanation of its own.
    explained = case.explanation if case is not None and case.message_id == passed.message.message_id else None
    return {
        "line": line.number,
        "who": line.who,
        "channel": line.channel,
        "text": line.text,
        "scores": {name: round(score, 4) for name, score in first.scores.items()} if first else {},
        "sentiment": [round(share, 4) for share in first.sentiment.stars] if first else [],
        "decision": {
            "opens": decision.opens,
            "labels": list(decision.labels),
            "actions": [action.kind for action in decision.actions],
            "withheld": decision.withheld_why,
            "ping": decision.ping,
        },
        "reasons": [
            {
                "label": reason.label,
                "score": round(reason.score, 4),
                "limit": round(reason.limit, 4),
                "rule": reason.rule,
                "reading": reason.reading,
                "part": reason.part,
            }
            for reason in decision.reasons
        ],
        "top_words": list(explained.top()) if explained is not None else [],
        "case_id": case.case_id if case is not None else None,
        "reported_by": line.report_by if reported else None,
        "must_be": line.must,
        "as_it_must_be": problem is None,
        "milliseconds": round(passed.milliseconds, 1),
    }
