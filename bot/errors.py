"""Errors of the bot. `str()` of each is a sentence that may be shown to the person who caused or can mend it.

BotError
├── BadSettings        a setting that cannot be used; names it and says what to write instead
├── StoreUnavailable   the database cannot be reached or refuses
├── SpoolUnavailable   the file that stands in for the database cannot be written or read
├── UndecryptableText  the key does not fit what was stored
├── BoardUnavailable   the review card could not be posted or changed
├── CaseNotFound       no such case in this guild
├── UnreadableMessage  what Discord says of a message cannot be made out
├── NotAllowed         the person may not do that; says which permission is missing
└── TurnLost           another process has taken over a scheduled job's turn
"""

from __future__ import annotations


class BotError(Exception):
    """Base of all errors of the bot."""


class BadSettings(BotError):
    """A setting cannot be used."""


class StoreUnavailable(BotError):
    """The database cannot be reached or refuses."""


class SpoolUnavailable(BotError):
    """The spool, which stands in for the database while that is away, cannot be written or read."""


class UndecryptableText(BotError):
    """The encryption key does not fit what was stored."""


class BoardUnavailable(BotError):
    """A review card could not be posted or changed."""


class CaseNotFound(BotError):
    """There is no such case in this guild."""


class UnreadableMessage(BotError):
    """What Discord says of a message cannot be made out."""

    def __init__(self) -> None:
        super().__init__("I cannot make out this message: Discord describes it in a way that I do not know.")


class GuildAway(BotError):
    """Discord has not brought the server yet, or says that it is unavailable for now. It is not gone."""

    def __init__(self) -> None:
        super().__init__("Discord says nothing of this server just now. I try again once it does.")


class ModelSilent(BotError):
    """What was missed is read again once the model answers."""

    def __init__(self) -> None:
        super().__init__("The model does not answer. What was missed is scored once it does.")


class NotAllowed(BotError):
    """The person lacks what the step needs."""


class TurnLost(BotError):
    """Another process has taken the turn over: stop, and do nothing more in its name."""

    def __init__(self) -> None:
        super().__init__("Another process of the bot does this by now.")
