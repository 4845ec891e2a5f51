"""The demo's performance: it plays the script, waits for what the bot makes of each line, and compares.

Part of the `demo` verb, and like it allowed to see both the bot and the sandbox.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console

from bot.app import App
from bot.core.cases import Case
from bot.errors import BotError
from bot.flow.moderate import Passed
from bot.memory import resident_megabytes
from bot.sandbox.answers import Answer
from bot.sandbox.sandbox import Sandbox
from bot.sandbox.script import RAID, SCRIPT, Line, play

PASS_SECONDS = 60.0
"""How long a line may take before it counts as lost: a restart of the model server lies within it."""
REVIEW_CHANNEL = "mod-review"
BREATH_SECONDS = 0.7
"""Between two lines with the page open, so that a person can follow."""


class DemoFailed(BotError):
    """The demo could not be played; the sentence says where it stopped."""


@dataclass
class Watch:
    """What the bot did, by message, as it happens."""

    passes: dict[tuple[int, bool], Passed] = field(default_factory=dict)
    cards: dict[int, Case] = field(default_factory=dict)
    unscored: int = 0
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def passed(self, passed: Passed) -> None:
        """Called after each pass. What was left unscored comes again once it is scored."""
        if passed.outcome == "unscored":
            self.unscored += 1
            return
        self.passes.setdefault((passed.message.message_id, passed.message.revision > 0), passed)
        self._changed.set()

    def presented(self, case: Case) -> None:
        """Called after each card."""
        self.cards[case.case_id] = case
        self._changed.set()

    async def of(self, message_id: int, *, edited: bool) -> Passed:
        """The pass over that message. Raises TimeoutError when it does not come."""
        await self._until(lambda: (message_id, edited) in self.passes)
        return self.passes[message_id, edited]

    async def card(self, case_id: int, *, followers: int = 0) -> Case:
        """The case with its card posted, for at least so many followers. Raises TimeoutError when it does not come."""
        await self._until(lambda: case_id in self.cards and self.cards[case_id].followers >= followers)
        return self.cards[case_id]

    async def verdict(self, case_id: int) -> Case:
        """The case with a verdict on its card. Raises TimeoutError when it does not come."""
        await self._until(lambda: case_id in self.cards and bool(self.cards[case_id].votes))
        return self.cards[case_id]

    async def _until(self, there: Callable[[], bool]) -> None:
        async with asyncio.timeout(PASS_SECONDS):
            while not there():
                self._changed.clear()
                await self._changed.wait()


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

    async def play(self) -> dict[str, Any]:
        """Setup, fifteen lines, the raid, one verdict; the closing summary. Raises DemoFailed."""
        await self._do(
            "/candor setup",
            self.sandbox.slash("Robin", "#general", "candor setup", {"review_channel": f"#{REVIEW_CHANNEL}"}),
        )
        first_case = None
        for line in SCRIPT:
            case = await self._line(line)
            first_case = first_case or case
            if not self.headless:
                await asyncio.sleep(BREATH_SECONDS)
        raid = await self._raid()
        verdict = await self._verdict(first_case) if first_case is not None else None
        return await self._summary(raid, verdict)

    async def _line(self, line: Line) -> Case | None:
        (message_id,) = await play(self.sandbox, line)
        passed = await self.watch.of(message_id, edited=line.kind == "edit")
        if line.first is not None and line.kind == "edit":
            before = await self.watch.of(message_id, edited=False)
            if before.case is not None:
                self.wrong.append(f"line {line.number} before its edit: case {before.case.case_id}, wanted none")
        case, reported = passed.case, False
        if case is None and line.report_by is not None:
            reported = True
            await self._report(line.report_by, message_id)
            case = await self.app.cases.of_message(guild_id=passed.message.guild_id, message_id=message_id)
        if case is not None:
            case = await self.watch.card(case.lead_id or case.case_id)
        problem = judge(line, passed)
        if problem is not None:
            self.wrong.append(f"line {line.number}: {problem}")
        self.times.append(passed.milliseconds)
        self._print(line_json(line, passed, case, reported=reported, problem=problem), problem)
        return case

    async def _report(self, who: str, message_id: int) -> None:
        menu = "Report to moderators"
        shown = await self._do(menu, self.sandbox.context_menu(who, menu, message_id=message_id))
        if shown.kind == "modal" and shown.modal is not None:
            fields = dict.fromkeys(modal_fields(shown.modal), "")
            await self._do("the report", self.sandbox.submit_modal(who, shown.modal["id"], fields))

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
            await self.watch.card(lead, followers=expected)
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

    async def _verdict(self, case: Case) -> str | None:
        """Lena presses "Breaks rules" on the first card, as a moderator would."""
        if case.card is None:
            return None
        custom_id = f"candor:v1:breaks:{case.case_id}"
        await self._do("Breaks rules", self.sandbox.press("Lena", case.card.message_id, custom_id))
        decided = await self.watch.verdict(case.case_id)
        return f"case {case.case_id}: {decided.votes[0].verdict} by Lena"

    async def _do(self, what: str, doing: Awaitable[Answer]) -> Answer:
        answer = await doing
        if answer.kind == "failed":
            raise DemoFailed(f"{what}: {answer.text}")
        return answer

    async def _summary(self, raid: dict[str, Any], verdict: str | None) -> dict[str, Any]:
        self.times.sort()
        health = await self.app.model.health()
        pids = {"bot": None, "model_server": health.get("pid"), "explainer": health.get("explainer_pid")}
        return {
            "lines": len(SCRIPT),
            "as_they_must_be": len(SCRIPT) - len({entry.split(":")[0].split(" before")[0] for entry in self.wrong}),
            "wrong": self.wrong,
            "raid": raid,
            "verdict": verdict,
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
    top = case.explanation.top() if case is not None and case.explanation is not None else ()
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
        "top_words": list(top),
        "case_id": case.case_id if case is not None else None,
        "reported_by": line.report_by if reported else None,
        "must_be": line.must,
        "as_it_must_be": problem is None,
        "milliseconds": round(passed.milliseconds, 1),
    }


def modal_fields(modal: dict[str, Any]) -> list[str]:
    """The custom ids of a form's text fields, wherever they stand in its rows and labels."""
    found: list[str] = []
    waiting = list(modal.get("components", []))
    while waiting:
        each = waiting.pop(0)
        if each.get("type") == 4:
            found.append(each["custom_id"])
        waiting += each.get("components", [])
        if "component" in each:
            waiting.append(each["component"])
    return found
