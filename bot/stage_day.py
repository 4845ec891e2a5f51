"""The demo's day of reviewing: six things that a moderators' team does, each by command, button, menu or form.

What people press is what the bot shows them; what comes of it is read from the bot's records and from the server.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from bot.app import App
from bot.core.cases import Case
from bot.sandbox.sandbox import Sandbox
from bot.sandbox.script import APPEAL, KEYWORD, MISSED, NEEDLED, REPORT, SLIPPED, SMALL_TALK, TEASED, WARNED, Said
from bot.stage_hands import Hands, Message, text_of
from bot.stage_watch import DemoFailed, Watch

REVIEW_CHANNEL = "mod-review"
MODERATOR, ADMINISTRATOR = "Lena", "Robin"
PREVIEWED_PERCENT = 90


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was reviewed. `what`: a sentence; `after`: how things stand now; `problem`: what is not as it
    must be because of the model, in a few words.
    """

    number: int
    name: str
    what: str
    pressed: tuple[dict[str, Any], ...]
    after: dict[str, Any]
    problem: str | None = None

    def to_json(self) -> dict[str, Any]:
        """What `--headless` prints of it."""
        return {
            "step": self.number,
            "name": self.name,
            "what": self.what,
            "pressed": list(self.pressed),
            "after": self.after,
            "as_it_must_be": self.problem is None,
            "problem": self.problem,
        }


@dataclass
class Day:
    """One day. `breath`: seconds before each press. Raises DemoFailed where a step is lost, TimeoutError likewise."""

    app: App
    sandbox: Sandbox
    watch: Watch
    breath: float = 0.0
    hands: Hands = field(init=False)

    def __post_init__(self) -> None:
        self.hands = Hands(self.sandbox, self.breath)

    async def play(self, first: Case) -> AsyncIterator[Step]:
        """The steps as they are done. `first`: the case whose card is confirmed."""
        await self.app.desk.drain()  # every card shows the last message that it stands for
        work = (self._confirmed(first), self._taken_back(), self._appealed(), self._reported(), self._previewed())
        for number, doing in enumerate((*work, self._audited()), start=1):
            self.hands.pressed = []
            name, what, after, problem = await doing
            yield Step(number, name, what, tuple(self.hands.pressed), after, problem)

    async def _confirmed(self, first: Case) -> tuple[str, str, dict[str, Any], None]:
        """A card is right: Delete says so, too."""
        await self.hands.press(MODERATOR, self._card(first), "Delete")
        case = await self.watch.card(first.case_id, shows=lambda case: bool(case.votes))
        deleted = _done(case, "delete")
        require(case.state == "closed" and deleted > 0, f"case {case.case_id} is not deleted and closed")
        after = {"case_id": case.case_id, "state": case.state, "verdict": case.votes[0].verdict, "deleted": deleted}
        what = f"{MODERATOR} deletes what case {case.case_id} stands for, which confirms it: {_messages(deleted)} gone"
        return "confirmed", what, after, None

    async def _taken_back(self) -> tuple[str, str, dict[str, Any], None]:
        """The bot deleted a harmless message by a keyword: "It's fine", and the text stands there again."""
        for name in ("notices", "appeals"):
            await self.hands.command(ADMINISTRATOR, "candor rules set", setting=name, value="on")
        await self.hands.command(ADMINISTRATOR, "candor rules keyword", pattern=KEYWORD, action="delete")
        await self.hands.command(ADMINISTRATOR, "candor rules mode", mode="act")
        message_id, case = await self._say(WARNED)
        channel = self.sandbox.channel(WARNED.channel)
        require(message_id not in channel.messages, f"the keyword {KEYWORD!r} deleted nothing")
        answer = await self.hands.press(MODERATOR, self._card(case), "It's fine")
        await self.hands.press(MODERATOR, answer.message or {}, "Put text back")
        quote = text_of(channel.messages[max(channel.messages)])
        require(WARNED.text in quote, "the text was not put back")
        case = await self._case(case)
        after = {
            "case_id": case.case_id,
            "verdict": case.votes[0].verdict,
            "actions": {record.action.kind: record.state for record in case.actions},
            "in_the_channel": quote,
            "member_reads": text_of(await self.hands.last_dm(WARNED.who)),
        }
        what = f"A keyword took {WARNED.who}'s warning away; {MODERATOR} presses \"It's fine\" and puts it back"
        return "taken back", what, after, None

    async def _appealed(self) -> tuple[str, str, dict[str, Any], None]:
        """A moderator was too quick: the member appeals from the notice, another moderator overturns."""
        message_id, case = await self._say(TEASED, reported_by="Sam")
        await self.hands.press(MODERATOR, self._card(case), "Timeout 10 min")
        member = self.sandbox.member(TEASED.who)
        require(member.timeout_until is not None, f"{TEASED.who} was not timed out")
        notice = await self.hands.last_dm(TEASED.who)
        form = await self.hands.press(TEASED.who, notice, "Appeal")
        await self.hands.send(TEASED.who, form, APPEAL)
        # The card is taken down and posted anew, so that moderators see it.
        asked = await self.watch.card(case.case_id, shows=lambda case: case.appeal is not None and self._stands(case))
        await self.hands.press(ADMINISTRATOR, self._card(asked), "Overturn")
        case = await self._case(case)
        require(case.appeal is not None and case.appeal.state == "overturned", "the appeal was not overturned")
        require(self.sandbox.member(TEASED.who).timeout_until is None, f"{TEASED.who} is still timed out")
        after = {
            "case_id": case.case_id,
            "appeal": case.appeal.state if case.appeal else None,
            "notice": text_of(notice),
            "member_reads": text_of(await self.hands.last_dm(TEASED.who)),
            "timed_out": False,
            "message_stands": message_id in self.sandbox.channel(TEASED.channel).messages,
        }
        what = f"{TEASED.who}, timed out for a joke, appeals; {ADMINISTRATOR} overturns it and {TEASED.who} is told"
        return "appeal overturned", what, after, None

    async def _reported(self) -> tuple[str, str, dict[str, Any], None]:
        """What the model missed is reported by a member and confirmed by a moderator."""
        _, case = await self._say(MISSED, reported_by="Priya", always=True)
        await self.hands.press(MODERATOR, self._card(case), "Breaks rules")
        case = await self.watch.card(case.case_id, shows=lambda case: bool(case.votes))
        after = {
            "case_id": case.case_id,
            "opened_why": case.opened_why,
            "flagged": list(case.decision.labels),
            "state": case.state,
            "verdict": case.votes[0].verdict,
        }
        what = f"Priya reports what {MISSED.who} wrote to her; {MODERATOR} confirms: case {case.case_id}"
        return "reported and confirmed", what, after, None

    async def _previewed(self) -> tuple[str, str, dict[str, Any], None]:
        """What a limit would have done, with its picture; then it is set."""
        percent = PREVIEWED_PERCENT
        answer = await self.hands.command(
            ADMINISTRATOR, "candor preview", label="insult", limit=percent, action="delete"
        )
        shown = answer.message or {}
        pictures = [each["filename"] for each in shown.get("attachments", ())]
        require(bool(pictures), f"the preview came without its picture: {text_of(shown)}")
        await self.hands.press(ADMINISTRATOR, shown, "Apply")
        rule = (await self.app.guilds.get(self.sandbox.guild.id)).rule("insult")
        require(rule.delete_at == percent / 100, "the previewed limit was not set")
        after = {
            "preview": text_of(shown),
            "pictures": pictures,
            "insult": {"delete_at": rule.delete_at, "mode": rule.mode},
        }
        what = f"{ADMINISTRATOR} previews deleting insults from {percent} % on, and applies it (shadow mode stays)"
        return "preview applied", what, after, None

    async def _audited(self) -> tuple[str, str, dict[str, Any], str | None]:
        """Out of a quiet hour some lines are drawn, and one of them is bad."""
        await self.hands.command(ADMINISTRATOR, "candor rules set", setting="audit_a_day", value="200")
        for said in SMALL_TALK:
            await self._pass(said)
        await self.hands.command(ADMINISTRATOR, "candor rules set", setting="audit_a_day", value="20")
        # The hourly job does the same once the first drawn line has waited 20 hours.
        await self.app.flows.audit.batch(self.sandbox.guild.id)
        cards = self._audit_cards()
        require(bool(cards), "no line was drawn")
        drawn = sum(text_of(card).count("look ↗") for card in cards)
        tapped: list[str] = []
        for card in cards:
            lines = {text: line for text in (SLIPPED.text, MISSED.text, NEEDLED) if (line := _line_with(card, text))}
            tapped += lines
            if lines:
                await self.hands.choose(
                    MODERATOR, card, "Tap the bad ones", [f"Line {line}" for line in lines.values()]
                )
            else:
                await self.hands.press(MODERATOR, card, "None of them")
        problem = None if SLIPPED.text in tapped else f"the line by {SLIPPED.who} was not among those drawn"
        case = await self._slipped() if problem is None else None
        after: dict[str, Any] = {"cards": len(cards), "lines": drawn, "bad": len(tapped)}
        if case is not None:
            after |= {"case_id": case.case_id, "opened_why": case.opened_why, "verdict": case.votes[0].verdict}
        what = f"Of the lines that nobody flagged {drawn} are drawn for checking; {MODERATOR} taps {len(tapped)} as bad"
        return "audited", what, after, problem

    async def _slipped(self) -> Case:
        """The case of the line that was tapped, once it has its card."""
        channel = self.sandbox.channel(SLIPPED.channel)
        message_id = next(number for number, each in channel.messages.items() if each["content"] == SLIPPED.text)
        case = await self.app.cases.of_message(guild_id=self.sandbox.guild.id, message_id=message_id)
        if case is None:
            raise DemoFailed(f"the line that {MODERATOR} tapped opened no case")
        return await self.watch.card(case.case_id)

    async def _say(self, said: Said, *, reported_by: str | None = None, always: bool = False) -> tuple[int, Case]:
        """The message and its case with a card. What opens none (with `always`: everything) is reported by a member."""
        message_id, case = await self._pass(said)
        if reported_by is not None and (always or case is None):
            await self.hands.use_menu(reported_by, "Report to moderators", message_id, written=REPORT)
            case = await self.app.cases.of_message(guild_id=self.sandbox.guild.id, message_id=message_id)
        if case is None:
            raise DemoFailed(f"what {said.who} wrote in #{said.channel} opened no case")
        return message_id, await self.watch.card(case.lead_id or case.case_id)

    async def _pass(self, said: Said) -> tuple[int, Case | None]:
        message = await self.sandbox.say(said.who, said.channel, said.text)
        message_id = int(message["id"])
        return message_id, (await self.watch.of(message_id)).case

    async def _case(self, case: Case) -> Case:
        return await self.app.cases.get(guild_id=case.guild_id, case_id=case.case_id)

    def _card(self, case: Case) -> Message:
        """The card as it stands in the review channel."""
        if case.card is None or not self._stands(case):
            raise DemoFailed(f"case {case.case_id} has no card")
        return self.sandbox.channel(REVIEW_CHANNEL).messages[case.card.message_id]

    def _stands(self, case: Case) -> bool:
        return case.card is not None and case.card.message_id in self.sandbox.channel(REVIEW_CHANNEL).messages

    def _audit_cards(self) -> list[Message]:
        messages = self.sandbox.channel(REVIEW_CHANNEL).messages.values()
        return [each for each in messages if "Tap the bad ones" in text_of(each)]


def require(held: bool, problem: str) -> None:
    """Raises DemoFailed with `problem` where it does not hold."""
    if not held:
        raise DemoFailed(f"The day of reviewing stopped: {problem}.")


def _done(case: Case, kind: str) -> int:
    """How many messages of the card had that done to them."""
    records = (*case.actions, *case.follower_actions)
    return sum(record.action.kind == kind and record.state == "done" for record in records)


def _line_with(card: Message, text: str) -> str | None:
    """The number of the audit card's line that holds the text."""
    lines = text_of(card).split("\n")
    for head, shown in pairwise(lines):
        if text in shown:
            return head.split("**")[1]
    return None


def _messages(count: int) -> str:
    return "1 message" if count == 1 else f"{count} messages"
