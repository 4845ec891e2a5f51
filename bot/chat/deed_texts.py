"""What each action is called, by its kind: on cards, in the mod-log, in what the member is told; and who did it."""

from __future__ import annotations

# On cards, in `/case why` and in the mod-log.
BY_BOT = "the bot itself"
BY_MODERATOR = "<@{moderator_id}>"
DONE = {
    "warn": "warned",
    "timeout": "timed out {duration}",
    "delete": "deleted",
    "ban": "banned",
    "kick": "kicked",
    "reset_nickname": "nickname reset",
}
UNDONE = {
    "warn": "warning undone",
    "timeout": "timeout lifted",
    "delete": "put back",
    "ban": "ban lifted",
    "reset_nickname": "nickname given back",
}
ACTION_NOUNS = {
    "warn": "a warning",
    "timeout": "a timeout",
    "delete": "a deletion",
    "ban": "a ban",
    "kick": "a kick",
    "reset_nickname": "a reset nickname",
}
ACTIONS = {
    "warn": "warning",
    "timeout": "timeout {duration}",
    "delete": "deletion",
    "ban": "ban",
    "kick": "kick",
    "reset_nickname": "reset of the nickname",
}

# Kicks.
KICK_ASK = (
    "Kick {name} for case {case_id}? Their messages stay. A kick cannot be undone; they need an invite to return."
)
KICK_STAYS = "A kick cannot be undone; send them an invite if they shall come back."
KICK_UNKNOWN = "they are not on the server now; I stopped before Discord confirmed the kick"

# What the member reads.
NOTICE_DONE = {
    "warn": "this is a warning",
    "timeout": "you cannot write until {until}",
    "delete": ("it was deleted", "they were deleted"),
    "ban": "you are banned",
    "kick": "you are removed from the server",
    "reset_nickname": "it was reset",
}
NOTICE_LIFTED = {
    "warn": "the warning is taken back",
    "timeout": "your timeout is lifted",
    "delete": "your text is put back",
    "ban": "your ban is lifted",
    "reset_nickname": "you have your nickname back",
}
