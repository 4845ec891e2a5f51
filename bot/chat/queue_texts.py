"""What `/queue`, `/case list`, `/case member` and the daily digest say; apart from `texts.py` for its length alone."""

from __future__ import annotations

DIGEST = "{number} more wait{s} in the queue: {labels}; `/queue next`"
DIGEST_OVERDUE = "{number} {cases} waited for over {hours} h, the oldest since {since}; `/queue next`"
DIGEST_LINE = "`{case_id}` {what}{score} · <#{channel_id}> · {when} · [look ↗]({jump})"
DIGEST_TRENDS = {
    "over": "For days about {a_day} cards a day came up, and your team reads {budget}: `/candor rules propose` says "
    "which limits bring about that many.",
    "under": "For days only about {a_day} cards a day came up, and your team reads {budget}: `/candor rules propose` "
    "says which limits show you more.",
}
QUEUE_EMPTY = "Nothing waits."
QUEUE_EMPTY_FILTERED = "Nothing waits that fits. Leave the filters out to see everything."
QUEUE_LAST = "That was the last one."
QUEUE_OPEN = "**{number} open {cases}**, the oldest since {since}"
QUEUE_WHY = "By reason: {counts}"
QUEUE_LABELS = "By label: {counts}"
QUEUE_UNCARDED = "Without a card: {number}. The card budget is {cards} a day."
QUEUE_OVERDUE = "Open for over {hours} h: {number}"
BUTTON_NEXT = "Next ▸"
BUTTON_NEWER = "◂ Newer"
BUTTON_OLDER = "Older ▸"
WHYS = {
    "flagged": "flagged",
    "care": "may need help",
    "reported": "reported",
    "staff": "reported, about staff",
    "audit": "audit",
    "labelled": "labelled",
    "appeal": "appeal",
    "challenger": "only the new model",
    "second_opinion": "second opinion",
}
LIST_HEAD = "**{number} {cases}**{filters} · page {page} of {pages}"
LIST_FILTERS = " ({filters})"
LIST_LINE = "`{case_id}` {name} · {what} · {state} · <#{channel_id}> · {when} · [look ↗]({jump})"
LIST_EMPTY = "There is no such case."
MEMBER_HEAD = "<@{member_id}>: {number} {cases}, {open} open, {confirmed} confirmed by moderators"
MEMBER_NONE = "There is no case on <@{member_id}>."
