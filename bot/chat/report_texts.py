"""What reports by members, "Label message", and `/case undo` say; apart from `texts.py` for its length alone."""

from __future__ import annotations

# The report's form.
REPORT_TITLE = "Report to moderators"
REPORT_FIELD = "Why? (optional)"
REPORT_HELP = "Moderators read this without your name. Administrators can look your name up."

# Reports on cards.
TITLE_REPORTED = "🚩 Reported by {who} · case {case_id}"
TITLE_STAFF = "🚩 About staff, reported by {who} · case {case_id}"
TITLE_LABELLED = "🏷️ Labelled by a moderator · case {case_id}"
REPORTED_BY = "🚩 Reported by {who}"
REPORTER = "a member"
REPORTERS = "{number} members"
REASON = "💬 {reason}"
REASONS_MORE = "💬 and {number} more"
NOT_FLAGGED_LABELLED = "Why: a moderator labelled it; no score reached a limit."
REPORTERS_HEAD = "🔒 Reported by (administrators alone see this):"
REPORTER_LINE = "<@{reporter_id}> · {when}{reason}"
REPORTERS_MORE = "and {number} more"

# Label message.
LABEL_ASK = "What is wrong with this message? Choose every label that fits; the text stays with the case for its time."
LABEL_NONE = "Nothing wrong"
LABEL_NONE_HELP = "The model should not have flagged it."
LABELS_OR_NOTHING = "Choose labels, or “nothing wrong”, not both."
NOT_LABELLED = "Only messages of members that hold text can be labelled."
LABEL_STAFF = "Messages of the server's staff are labelled by administrators."
LABEL_GONE = "I cannot see that message any more, so nothing is recorded."
LABEL_EDITED = "The message was edited since you opened this menu. Open it again from the message."

# /case undo and note.
UNDO_SHARED = "Case {case_id} shares the card of case {lead_id}: `/case undo {lead_id}` undoes all that was done there."

# Choices while a case's number is being typed.
AGO = ((86400, "{number} d ago"), (3600, "{number} h ago"), (60, "{number} min ago"))
JUST_NOW = "just now"
CHOICE = "{case_id} · {what} · {name} · {when}"
NO_NAME = "name no longer kept"

# doctor.
ADMINS_NONE = (
    "Reports about staff are refused, as no channel is chosen for them: `/candor rules set setting:admin_channel_id`."
)
ADMINS_GONE = "The channel for reports about staff is gone or hidden from me."
ADMINS_NEEDS = "I cannot post into {channel}, where reports about staff go: I lack {permissions} there."
ADMINS_SEEN = "Reports about staff go to {channel}, which {roles} can see."
ADMINS_SEEN_FIX = "Take View Channel from them there, or choose another channel."
ADMINS_FIX = "Grant it to my role there, or choose another with `/candor rules set setting:admin_channel_id`."
ADMINS_GOOD = "Reports about staff go to {channel}."
