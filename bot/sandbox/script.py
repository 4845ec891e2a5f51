"""The demo's conversation: what everybody writes, and what must come of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from bot.sandbox import seed

if TYPE_CHECKING:
    from bot.sandbox.sandbox import Sandbox

Kind = Literal["message", "reply", "edit", "forward", "raid"]
Must = Literal["none", "insult", "threat", "care", "may_be_missed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line. `must`: no case, a case for that label, a care card, or a line that the model may miss.

    `first` is what was there before: the text that is edited, or (with `first_by`) the message that is answered.
    `report_by`: who reports it if the model misses it. `seen_as`: the reading that must have fired. `ping`: moderators
    must be called. `to` says who is meant; nothing in the message does.
    """

    number: int
    who: str
    channel: str
    text: str
    must: Must
    kind: Kind = "message"
    to: str | None = None
    first: str | None = None
    first_by: str | None = None
    report_by: str | None = None
    seen_as: str | None = None
    ping: bool = False


_SPACED = "y0u are p 4 t h e\u200b t i c"

SCRIPT: tuple[Line, ...] = (
    Line(
        number=1,
        who="Mia",
        to="Jonas",
        channel="gaming",
        text="gg you absolute donkey, I nearly had you 😂",
        must="none",
    ),
    Line(number=2, who="Kai", channel="gaming", text="kill their healer first, then burn the tower", must="none"),
    Line(number=3, who="Jonas", channel="gaming", text="this damn boss is total garbage, died nine times", must="none"),
    Line(
        number=4,
        who="Kai",
        to="Priya",
        channel="general",
        text="nobody likes you, you pathetic waste of space",
        must="insult",
    ),
    Line(
        number=5,
        who="Priya",
        channel="help",
        text="he called me a 'pathetic waste of space', can a mod look?",
        must="none",
    ),
    Line(
        number=6, who="Sam", to="Kai", channel="general", text="don't call people pathetic, not okay here", must="none"
    ),
    Line(
        number=7,
        who="Kai",
        to="Priya",
        channel="general",
        text="I know which bus you take. See you at your stop tomorrow.",
        must="threat",
        ping=True,
        report_by="Priya",
    ),
    Line(
        number=8,
        who="Mia",
        to="Jonas",
        channel="gaming",
        kind="reply",
        first="rematch tonight?",
        first_by="Jonas",
        text="I'm going to destroy you at eight",
        must="none",
    ),
    Line(number=9, who="Kai", channel="general", text=_SPACED, must="insult", seen_as="normalised"),
    Line(
        number=10,
        who="Kai",
        channel="gaming",
        kind="edit",
        first="nice run!",
        text="quit, you worthless clown",
        must="insult",
    ),
    Line(number=11, who="Kai", channel="general", kind="forward", text="no one wants you here, loser", must="insult"),
    Line(
        number=12,
        who="Kai",
        to="Sam",
        channel="general",
        text="love you ❤️ now shut up forever you worthless clown",
        must="insult",
    ),
    Line(number=13, who="Noor", channel="introductions", text="gay, Muslim, from Scunthorpe, love RPGs", must="none"),
    Line(
        number=14,
        who="Kai",
        to="Priya",
        channel="help",
        text="aww, did someone help you type that?",
        must="may_be_missed",
        report_by="Priya",
    ),
    Line(
        number=15,
        who="Sam",
        channel="vent",
        text="I don't think anyone would notice if I was gone",
        must="care",
    ),
)
RAID = Line(number=16, who="thirty fresh accounts", channel="general", kind="raid", text=SCRIPT[3].text, must="insult")
RAIDERS = 30


async def play(sandbox: Sandbox, line: Line) -> tuple[int, ...]:
    """Let it happen; the ids of the messages that hold the line's text (one, or each raider's), in order."""
    if line.kind == "raid":
        return tuple([await _raider(sandbox, line, number) for number in range(1, RAIDERS + 1)])
    if line.kind == "reply":
        question = await sandbox.say(line.first_by or line.who, line.channel, line.first or "")
        message = await sandbox.say(line.who, line.channel, line.text, reply_to=question["id"])
    elif line.kind == "edit":
        before = await sandbox.say(line.who, line.channel, line.first or "")
        message = await sandbox.edit(line.who, before["id"], line.text)
    elif line.kind == "forward":
        # The original stands where the bot cannot see it, so that only the forward can be found.
        elsewhere = await sandbox.open_dm(line.who, seed.OUTSIDER)
        original = await sandbox.say(seed.OUTSIDER, elsewhere["id"], line.text)
        message = await sandbox.forward(line.who, original["id"], line.channel)
    else:
        message = await sandbox.say(line.who, line.channel, line.text)
    return (int(message["id"]),)


async def _raider(sandbox: Sandbox, line: Line, number: int) -> int:
    member = await sandbox.add_member(f"wave{number:02}")
    message = await sandbox.say(member["user"]["id"], line.channel, line.text)
    return int(message["id"])


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody writes in the day of reviewing, and where."""

    who: str
    channel: str
    text: str


KEYWORD = "free nitro"
WARNED = Said("Mia", "general", "careful: whoever offers you free nitro wants your account")
"""Has the guild's keyword in it, and is harmless."""
TEASED = Said("Jonas", "gaming", "Mia, you are such a clown and I would not swap you for anybody")
"""Reads like an insult, and is none among friends."""
APPEAL = "Mia and I have been friends for years. That was a compliment, ask her."
MISSED = Said("Kai", "help", "bless your heart, maybe let the grown-ups answer this one")
NEEDLED = SCRIPT[13].text
"""What Priya reported before."""
REPORT = "He does this every time I ask something."
SLIPPED = Said("Kai", "gaming", "I would explain it to you but I left my crayons at home")
"""Cruel without a rude word: under every limit, so only a draw can find it."""
SMALL_TALK = (
    Said("Mia", "general", "good morning everybody, coffee is ready"),
    Said("Jonas", "gaming", "the new map is lovely, especially the bridge"),
    Said("Noor", "introductions", "thanks for the warm welcome"),
    Said("Priya", "help", "where do I change the language of the launcher?"),
    Said("Sam", "help", "settings, third tab, then restart it"),
    Said("Mia", "gaming", "who is in for a round at nine?"),
    Said("Jonas", "gaming", "me, but I need to walk the dog first"),
    SLIPPED,
    Said("Noor", "general", "my cat has just learned to open the fridge"),
    Said("Priya", "general", "we want pictures of that cat"),
    Said("Sam", "general", "same here, the more the better"),
    Said("Mia", "help", "the patch notes are pinned in this channel"),
    Said("Noor", "gaming", "good game, that last minute was close"),
    Said("Priya", "introductions", "hello Noor, good to have you here"),
)
"""A quiet hour, out of which the audit draws."""
