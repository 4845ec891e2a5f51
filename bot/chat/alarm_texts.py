"""What is said of raids and of the bot's own trouble; apart from `texts.py` for its length alone."""

from __future__ import annotations

# The plain lines that may call people.
PINGS = {
    "threat": "Case {case_id} is scored as a possible threat. Please look: {jump}",
    "raid": "This looks like a raid in <#{channel_id}>: {members} members within a minute. What can be done: {jump}",
    "label_stopped": (
        "“{label}” stopped acting by itself: within {minutes} minutes it hit {members} members who have been here for "
        "over a month, each with other words, so it is rather my fault than theirs. `/case list label:{label}` shows "
        "the cases; `/candor resume` lets it act again."
    ),
    "model_away": (
        "I cannot score messages since {since}: the model does not answer. Keywords still work, and what is written "
        "meanwhile is scored once it is back."
    ),
    "model_back": "The model answers again; it was away since {since}. What waits is scored now.",
    "cards_failing": (
        "I cannot post cards into the review channel since {since}. `/candor doctor` says why, and `/queue next` shows "
        "the cases."
    ),
    "cards_back": "Cards come again; they failed since {since}.",
    "database_away": (
        "My database does not answer since {since}. I do nothing by myself until it is back; what is flagged is shown "
        "here, and buttons do not work. No message is lost: what is written meanwhile is gone through then."
    ),
    "database_back": "My database answers again; it was away since {since}. What was kept is gone through now.",
    "unrecorded": (
        "Flagged for “{label}” in <#{channel_id}> while my database is away, nothing was done: {jump}. The card "
        "follows once it is back."
    ),
}

# The card of a raid.
RAID_TITLE = "🚨 This looks like a raid · <#{channel_id}>"
RAID_KINDS = {
    "copies": "{members} members wrote nearly the same within a minute, and it was flagged.",
    "newcomers": "{members} accounts that joined within the last day were flagged within a minute.",
}
RAID_ACTING = "Your limits and keywords go on for what belongs to it, without the usual caps."
RAID_NOT_ACTING = "Shadow mode or a pause is on, so nothing is done about the messages."
RAID_HOW = "Nothing of this is done until somebody presses:"
BUTTONS = {
    "slow": "Slow mode {seconds} s",
    "unslow": "Undo slow mode",
    "pause": "Pause invites {hours} h",
    "unpause": "Undo the pause of invites",
}
LINES = {
    "slow": "🐢 Slow mode of {seconds} s in <#{channel_id}> · <@{moderator_id}> · {now}",
    "unslow": "↩️ Slow mode in <#{channel_id}> back to {seconds} s · <@{moderator_id}> · {now}",
    "pause": "✉️ Invites paused until {until} · <@{moderator_id}> · {now}",
    "unpause": "↩️ Invites open again · <@{moderator_id}> · {now}",
}
SAID = {
    "slow": "Slow mode of {seconds} s is on in <#{channel_id}>.",
    "unslow": "Slow mode in <#{channel_id}> is back to {seconds} s.",
    "pause": "Invites are paused until {until}; then they open again by themselves.",
    "unpause": "Invites are open again.",
}
LOGGED = {
    "slow": "raid: slow mode of {seconds} s in <#{channel_id}>, by {name}",
    "unslow": "raid: slow mode in <#{channel_id}> back to {seconds} s, by {name}",
    "pause": "raid: invites paused until {until}, by {name}",
    "unpause": "raid: invites open again, by {name}",
}
REASON = "Candor: raid, pressed by {name}"
BOT_NEEDS = "I lack the permission {permissions} for that. Grant it to my role, then press again."
CHANNEL_GONE = "The channel is gone or hidden from me."
NO_SLOW_MODE = "That channel knows no slow mode."
SLOW_ALREADY = "Slow mode of {seconds} s is on there already; nothing was changed."
SLOW_NOT_MINE = "The slow mode there is not the one that was set here any more; it stays as it is."
PAUSED_ALREADY = "Invites are paused already; nothing was changed."
OPEN_ALREADY = "Invites are open already; nothing was changed."
PAUSE_NOT_MINE = "Somebody else paused invites since; that stays as it is."

# Elsewhere.
RULES_STOPPED = "stopped, `/candor resume` lets it act"
DOCTOR_STOPPED = "{labels} stopped acting after hitting many members at once."
DOCTOR_STOPPED_FIX = "Look at the cases, then run `/candor resume`."
