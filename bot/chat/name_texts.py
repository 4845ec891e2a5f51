"""What is said of nicknames and titles of threads."""

from __future__ import annotations

TITLE_NICKNAME = "🏷️ Nickname: {label} · case {case_id}"
TITLE_TITLE = "🏷️ Thread title: {label} · case {case_id}"
BUTTON_RESET = "Reset nickname"
NOTICE_WHAT = {"nickname": "your nickname", "title": "the title of your thread <#{channel_id}>"}

# What the enforcer reports.
NOT_A_MESSAGE = "a name is no message"
ACCOUNT_NAME = "this is the account's own name, not a nickname of this server"
OTHER_NAME = "they go by another name by now"
OTHER_NAME_OR_KEY = (
    "they go by another name by now, or the bot's key was changed since, after which it cannot tell. Where it is the "
    "same name, reset it by hand"
)
NICKNAME_BACK = "The nickname is given back."
OTHER_NICKNAME = "They have chosen another nickname since; it stays."
NICKNAME_UNKNOWN = "The nickname is no longer kept, so it cannot be given back."
NOT_GIVEN_BACK = "I could not give the nickname back: {why}."
