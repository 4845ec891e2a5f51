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
    "reset_nickname": "a reset nickname",
}
ACTIONS = {
    "warn": "warning",
    "timeout": "timeout {duration}",
    "delete": "deletion",
    "ban": "ban",
    "reset_nickname": "reset of the nickname",
}

# What the member reads.
NOTICE_DONE = {
    "warn": "this is a warning",
    "timeout": "you cannot write until {until}",
    "delete": ("it was deleted", "they were deleted"),
    "ban": "you are banned",
    "reset_nickname": "it was reset",
}
NOTICE_LIFTED = {
    "warn": "the warning is taken back",
    "timeout": "your timeout is lifted",
    "delete": "your text is put back",
    "ban": "your ban is lifted",
    "reset_nickname": "you have your nickname back",
}
