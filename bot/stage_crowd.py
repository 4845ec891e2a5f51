"""The demo's community: its members write, and its moderators judge with the buttons and menus that the bot shows.

Who is right stands in `moderation_model/checks/community.yaml`: these moderators know the place and never err.
"""

from __future__ import annotations

import asyncio
import math
import random
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import cycle

from bot.app import App
from bot.flow.moderate import Passed
from bot.sandbox.sandbox import Sandbox
from bot.stage_hands import Hands, Message, text_of
from bot.stage_watch import DemoFailed, Watch
from moderation_model.checks.community import MEMBERS, REPORTED, Line

REVIEW_CHANNEL = "mod-review"
CHANNELS = ("general", "gaming", "help", "introductions")
MODERATORS = ("Lena", "Ida", "Omar", "Tess")
HERE_FOR = timedelta(days=400)
"""Nobody is new, so nothing looks like a raid."""
A_TALK = 6
"""Lines that follow each other in one channel."""
A_TALK_LASTS = timedelta(minutes=30)
TALKS_AT_ONCE = 6
"""So many talks are had before the moderators look at what became of them."""
PRESSES, AT_ONCE = 4, 4
"""How often a moderator presses until the bot answers, and how many moderators press at the same moment."""
MISSED = ("Toxic", "Insult")
"""What moderators choose for a harmful line that nothing flagged."""
_DRAWN = re.compile(r"\*\*(\d+)\*\* .*/(\d+)\)$")
"""A line's number on an audit card, and the message that it leads to."""

Said = tuple[Line, Passed]


@dataclass(frozen=True, slots=True)
class Measured:
    """What the model in force made of lines whose truth is known: by line whether it was flagged."""

    lines: tuple[Line, ...]
    flagged: tuple[bool, ...]

    @property
    def false_flags(self) -> list[bool]:
        """Of the harmless lines."""
        return [fired for line, fired in zip(self.lines, self.flagged, strict=True) if not line.harmful]

    @property
    def found(self) -> list[bool]:
        """Of the harmful lines."""
        return [fired for line, fired in zip(self.lines, self.flagged, strict=True) if line.harmful]

    def to_json(self) -> dict[str, float]:
        """Counts and shares, as `--headless` prints them."""
        wrong, right = self.false_flags, self.found
        return {
            "harmless": len(wrong),
            "false_flags": sum(wrong),
            "harmful": len(right),
            "found": sum(right),
            "false_flag_rate": round(sum(wrong) / len(wrong), 4),
            "recall": round(sum(right) / len(right), 4),
        }


@dataclass
class Crowd:
    """The members and moderators. Raises DemoFailed where a press gets no answer, TimeoutError where a line is lost."""

    app: App
    sandbox: Sandbox
    watch: Watch
    seed: int
    verdicts: Counter[str] = field(default_factory=Counter)
    hands: Hands = field(init=False)

    def __post_init__(self) -> None:
        self.hands = Hands(self.sandbox)
        self._chance = random.Random(f"reported:{self.seed}")
        self._hands_free = asyncio.Semaphore(AT_ONCE)
        self._turns = cycle(MODERATORS)
        self._lines: dict[int, Line] = {}

    async def gather(self) -> None:
        """Everybody joins who is not there yet; before the bot starts, which then finds them there."""
        joined_at = self.sandbox.clock.now() - HERE_FOR
        for name in MODERATORS[1:]:
            await self.sandbox.add_member(name, roles=["Moderator"], joined_at=joined_at)
        for number in range(MEMBERS):
            await self.sandbox.add_member(f"member-{number}", joined_at=joined_at)

    async def say(self, lines: Sequence[Line]) -> list[Said]:
        """The lines with what the bot made of each, talk after talk in turning channels while the clock moves on."""
        messages: list[tuple[Line, int]] = []
        for number, talk in enumerate(_parts(lines, A_TALK)):
            self.sandbox.clock.advance(A_TALK_LASTS.total_seconds())
            for line in talk:
                message = await self.sandbox.say(line.author, CHANNELS[number % len(CHANNELS)], line.text)
                messages.append((line, int(message["id"])))
        self._lines |= {message_id: line for line, message_id in messages}
        passes = await asyncio.gather(*(self.watch.of(message_id) for _, message_id in messages))
        return [(line, passed) for (line, _), passed in zip(messages, passes, strict=True)]

    async def live(self, lines: Sequence[Line]) -> None:
        """They write, and moderators judge what is flagged, and most of what the bot missed."""
        for part in _parts(lines, A_TALK * TALKS_AT_ONCE):
            await self._judge(await self.say(part))

    async def measure(self, lines: Sequence[Line]) -> Measured:
        """They write, and nobody looks."""
        flagged: list[bool] = []
        for part in _parts(lines, A_TALK * TALKS_AT_ONCE):
            flagged += [passed.decision.opens == "flagged" for _, passed in await self.say(part)]
        return Measured(tuple(lines), tuple(flagged))

    async def audit(self, moderator: str = MODERATORS[0]) -> None:
        """Answer what was drawn for checking, once it has waited its time."""
        await self.app.flows.audit.batch(self.sandbox.guild.id)
        for card in list(self.sandbox.channel(REVIEW_CHANNEL).messages.values()):
            drawn = dict(_drawn(card))
            if not drawn:
                continue
            bad = [number for number, message_id in drawn.items() if self._lines[message_id].harmful]
            if bad:
                await self.hands.choose(moderator, card, "Tap the bad ones", [f"Line {number}" for number in bad])
            else:
                await self.hands.press(moderator, card, "None of them")
            self.verdicts["audited"] += len(drawn)

    async def _judge(self, said: Sequence[Said]) -> None:
        cards, missed = [], []
        for line, passed in said:
            if passed.decision.opens == "flagged" and passed.case is not None and passed.case.lead_id is None:
                cards.append(self._press(line, passed.case.case_id, next(self._turns)))
            elif passed.decision.opens is None and line.harmful and self._chance.random() < REPORTED:
                missed.append(self._label(passed.message.message_id, next(self._turns)))
        await asyncio.gather(*cards, *missed)

    async def _press(self, line: Line, case_id: int, moderator: str) -> None:
        case = await self.watch.card(case_id, shows=lambda case: case.card is not None)
        assert case.card is not None, "waited for"
        message_id = case.card.message_id

        async def press() -> None:
            card = self.sandbox.channel(REVIEW_CHANNEL).messages[message_id]
            await self.hands.press(moderator, card, "Breaks rules" if line.harmful else "It's fine")

        await self._insist(press, int(case.message_id))
        self.verdicts["breaks rules" if line.harmful else "fine"] += 1

    async def _label(self, message_id: int, moderator: str) -> None:
        async def label() -> None:
            asked = await self.hands.use_menu(moderator, "Label message", message_id, written="")
            await self.hands.choose(moderator, asked.message or {}, "Labels", MISSED)

        await self._insist(label, message_id)
        self.verdicts["missed"] += 1

    async def _insist(self, press: Callable[[], Awaitable[None]], message_id: int) -> None:
        """Press, and as people do press again where a busy machine did not answer in time, unless the verdict came."""
        for left in reversed(range(PRESSES)):
            try:
                async with self._hands_free:
                    await press()
                return
            except DemoFailed:
                case = await self.app.cases.of_message(guild_id=self.sandbox.guild.id, message_id=message_id)
                if case is not None and case.votes:
                    return
                if not left:
                    raise


def gained(before: Sequence[bool], after: Sequence[bool]) -> tuple[float, float, float]:
    """How much more often `after` holds than `before` on the same lines: the difference of the shares and its 95 %
    interval (A. Agresti and Y. Min, "Simple improved confidence intervals for comparing matched proportions",
    Statistics in Medicine 24, 2005: half a pair is added to each cell).
    """
    new = sum(late and not early for early, late in zip(before, after, strict=True)) + 0.5
    lost = sum(early and not late for early, late in zip(before, after, strict=True)) + 0.5
    count = len(before) + 2.0
    middle = (new - lost) / count
    half = 1.96 * math.sqrt(new + lost - (new - lost) ** 2 / count) / count
    return (sum(after) - sum(before)) / len(before), middle - half, middle + half


def _parts(lines: Sequence[Line], size: int) -> Iterator[Sequence[Line]]:
    for start in range(0, len(lines), size):
        yield lines[start : start + size]


def _drawn(card: Message) -> Iterator[tuple[int, int]]:
    """Number and message of each line of an open audit card; nothing for another message."""
    text = text_of(card)
    if "Tap the bad ones" not in text:
        return
    for line in text.split("\n"):
        if found := _DRAWN.search(line):
            yield int(found[1]), int(found[2])
