"""`candor privacy-policy`: a policy and the answers for Discord's review of the message content intent, from what is
set and from the rows of `privacy.py`. What only the operator knows is left open and marked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from bot.config import Settings
from bot.store.crypto import TextKey, new_key
from bot.store.database import Database
from bot.store.lessons import LessonStore
from bot.store.privacy import PRIVACY
from bot.store.privacy_kinds import HELD, SLOT_DAYS, Column, Table, how_long
from moderation_model.pictures import counted

OPEN = "**[FILL IN: {what}]**"
KINDS = {
    "member": "ids that name members or point to their messages",
    "moderator": "ids of moderators",
    "text": "text, encrypted",
}


@dataclass(frozen=True, slots=True)
class Facts:
    """What is set. `permits`: servers whose administrators recorded Discord's permission to train on messages; None
    where the database could not be asked.
    """

    settings: Settings
    permits: int | None = None

    @property
    def days(self) -> dict[str, int]:
        """The retention periods by the names that the rows use."""
        chosen = self.settings
        return {
            "text_days": chosen.text_days,
            "prediction_days": chosen.prediction_days,
            "case_days": chosen.case_days,
            "slot_days": SLOT_DAYS,
        }

    @property
    def database(self) -> str:
        """Where the records lie."""
        if self.settings.sql_url.startswith("sqlite"):
            return "an SQLite file on the machine that runs the bot"
        return "a PostgreSQL database that the operator runs"

    @property
    def model(self) -> str:
        """Where messages are scored."""
        if self.settings.model_url is None:
            return "in a process on the machine that runs the bot; no message leaves it"
        host = urlsplit(self.settings.model_url).hostname
        return f"on the operator's model server at {host}, which keeps no message"

    @property
    def text(self) -> str:
        """Whether texts are kept."""
        if not self.settings.keep_text:
            return (
                "No text of a message is kept: it is scored in memory and thrown away. What people write to the "
                f"moderators themselves (appeals, notes) is kept encrypted for {self.settings.text_days} days."
            )
        return (
            "The text of a message is kept only if it was flagged, reported or drawn for a check, encrypted, until "
            f"{self.settings.text_days} days after its case was opened or closed. Each server may keep none "
            "(`keep_text`)."
        )

    @property
    def training(self) -> str:
        """Whether models learn from messages."""
        if not self.settings.keep_text:
            return "No model is trained on messages: no text of one is kept."
        if self.settings.train_on_messages:
            return (
                "Messages that moderators judged may train the bot's own model: Discord has expressly permitted it "
                f"({OPEN.format(what='reference and date of the permission')}). The model is used for nothing else."
            )
        if self.permits:
            return (
                f"On {counted(self.permits, 'server')} an administrator has recorded Discord's express permission, and "
                "judged messages of those alone may train the bot's own model. No other message does."
            )
        return (
            "No model is trained on messages of Discord. It learns from what moderators write themselves and from "
            "labelled texts of the operator's own. A server's administrator can record an express permission of "
            "Discord's; then judged messages of that server alone may teach."
        )


async def facts_of(settings: Settings) -> Facts:
    """The facts, with what the database says where there is one. Raises StoreUnavailable."""
    # No text is read, so no key is needed, and none is made here.
    db = Database(settings.sql_url, key=TextKey(new_key()))
    try:
        if await db.schema_state() != "current":
            return Facts(settings)
        return Facts(settings, permits=len(await LessonStore(db).permitted()))
    finally:
        await db.close()


def policy(facts: Facts) -> str:
    """Both documents, as Markdown."""
    return "\n".join([*_policy(facts), "", *_answers(facts), ""])


def _policy(facts: Facts) -> Iterator[str]:
    yield "# Privacy policy of this Candor bot"
    yield ""
    yield f"Responsible: {OPEN.format(what='your name or company, address, e-mail')}. Valid from: {_open('date')}."
    yield ""
    yield "The bot helps the moderators of a Discord server: it scores messages for toxicity and shows the team what"
    yield f"may break the rules. Legal basis: {_open('such as your legitimate interest in a safe server')}."
    yield ""
    yield "## What is processed"
    yield ""
    yield f"Messages are scored {facts.model}. Records lie in {facts.database}. {facts.text}"
    yield ""
    yield "| records | what they hold of people | how long |"
    yield "|---|---|---|"
    for row in PRIVACY:
        if row.personal:
            yield f"| {row.group}: {row.means} | {_holds(row, facts)} | {_periods(row, facts)} |"
    yield ""
    yield "Nothing else of people is stored. Sentiment is kept as sums by channel and hour, in which no member shows."
    yield "Logs hold ids and no text. Nothing is sold or given to others."
    yield ""
    yield "## Models"
    yield ""
    yield facts.training
    yield ""
    yield "## What you can do"
    yield ""
    yield "- `/privacy mine`: everything that is stored on you on a server, as a file."
    yield "- `/privacy forget`: drops your texts and everything that nobody needs. The bare fact of what was done to"
    yield "  you stays. Evidence of an open case, an appeal or a sanction is held until"
    yield f"  {HELD}."
    yield "- `/privacy optout`: nothing of you is kept beyond the decision. You are moderated like everybody else."
    yield "- Delete a message on Discord, and its text goes here, with the same exception."
    yield f"- Where you can complain: {_open('your supervisory authority')}."
    yield ""
    grace = counted(facts.settings.guild_grace_days, "day")
    yield f"When the bot is removed from a server, everything stored of it is deleted after {grace}."


def _answers(facts: Facts) -> Iterator[str]:
    yield "# Answers for Discord's review of the message content intent"
    yield ""
    for question, said in (
        (
            "Why does the bot need message content?",
            "To moderate: each message is scored for toxicity when it is posted or edited, and moderators get a card "
            "with the reasons. Commands cannot replace that, since nobody reports every message.",
        ),
        (
            "Do you store message content off Discord? For how long, and how is it protected?",
            facts.text + _sealed(facts),
        ),
        ("Do you use message content to train machine learning or AI models?", facts.training),
        (
            "Can users opt out, and can they have their data deleted?",
            "Yes: `/privacy optout`, `/privacy forget` and `/privacy mine`, for everybody on a server. A deletion on "
            "Discord deletes the text here. " + _removal(facts),
        ),
        ("Do you share message content with third parties?", f"No. It is scored {facts.model}."),
        ("Which other privileged intents does the bot use?", "None."),
        ("Where is the privacy policy, and where can users reach you?", _open("address of the policy; contact")),
        ("Screenshots or a video of the feature", _open("such as a review card and what a moderator does with it")),
    ):
        yield f"**{question}**"
        yield ""
        yield said
        yield ""


def _sealed(facts: Facts) -> str:
    return f" Texts are encrypted (Fernet: AES-128 with HMAC-SHA256) in {facts.database}; the key is not in it."


def _removal(facts: Facts) -> str:
    return (
        f"{counted(facts.settings.guild_grace_days, 'day')} after the bot's removal from a server all of it is deleted."
    )


def _holds(row: Table, facts: Facts) -> str:
    kinds = dict.fromkeys(column.holds for column in _kept(row, facts).values())
    return "; ".join(KINDS[kind] for kind in kinds)


def _periods(row: Table, facts: Facts) -> str:
    return "; ".join(dict.fromkeys(how_long(row, each).format(**facts.days) for each in _kept(row, facts).values()))


def _kept(row: Table, facts: Facts) -> dict[str, Column]:
    """The columns that are filled: where no texts are kept, those of messages are not."""
    if facts.settings.keep_text or not row.of_messages:
        return dict(row.personal)
    return {name: column for name, column in row.personal.items() if not column.sealed}


def _open(what: str) -> str:
    return OPEN.format(what=what)
