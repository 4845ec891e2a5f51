"""Every sentence that people on Discord read, in one file. Plain, short, and never accusing: the model scores, it does
not know. Placeholders in braces are filled with `str.format`."""

from __future__ import annotations

# Answers to a person who pressed a button or ran a command.
YOU_NEED = "You need the permission {permissions} for that."
UNDO_NEEDS = "This would undo {action}, and for that you need the permission {missing}."
ONLY_ON_A_SERVER = "This works on a server only."
BUSY = "Somebody is deciding this case right now. Look again in a moment."
ALREADY_DECIDED = "This case is already decided. Press Undo to open it again, or Change to answer otherwise."
CASE_CHANGED = "The case has changed since you opened this menu. Open it again from the card."
TARGET_OWNER = "Nothing can be done about the owner of the server."
TARGET_ABOVE = "The author's highest role is not below yours, so this is not yours to do. Please ask somebody above."
NOTHING_TO_UNDO = "There is nothing to undo: the case is open and nothing was done."
CHOOSE_LABELS = "Case {case_id}: what breaks the rules here? Choose every label that fits, or none of them."
LABELS_OR_OTHER = "Choose labels, or “another reason”, not both: another reason says nothing about the labels."
DISCORD_REFUSED = "Discord refused that: I lack a permission here. `/candor doctor` says which one."
DISCORD_SILENT = "Discord did not answer. Nothing else was changed; please try again in a moment."
MENU_UNREADABLE = "I cannot make out what was chosen in this menu. Open it again."
COMMAND_CHANGED = "This command has changed since your Discord loaded it. Reload Discord (Ctrl+R), then try again."
BROKE = "Something went wrong on my side and was logged. Please try again; if it stays, tell whoever runs the bot."
NO_CASE_FOR_MESSAGE = "There is no case on this message."
NOTHING_TO_SCORE = "This message has no text of a member to look at."
NOT_REPORTABLE = "Only messages of members can be reported here."

# What the operator reads when the bot cannot connect.
PORTAL = "https://discord.com/developers/applications"
TOKEN_REFUSED = "Discord does not accept the token."
TOKEN_REFUSED_FIX = f"Reset the token at {PORTAL} (Bot, Reset Token) and set CANDOR_DISCORD_TOKEN."
INTENT_OFF = "The message content intent is off, so messages come empty."
INTENT_OFF_FIX = f"Switch on Message Content Intent at {PORTAL} (Bot, Privileged Gateway Intents)."
CLOSED_BY_DISCORD = "Discord closed the connection for good (code {code}): its documentation of the gateway says why."
NO_DISCORD = "Discord could not be reached ({why})."
NO_DISCORD_FIX = "Check the network, or set CANDOR_DISCORD_PROXY."
DATABASE_AWAY = "My database is away, so nothing was done. Try again in a few minutes."

# Buttons and menus.
BUTTON_BREAKS = "Breaks rules"
BUTTON_FINE = "It's fine"
BUTTON_SKIP = "Skip"
BUTTON_UNDO = "Undo"
BUTTON_MORE = "More…"
BUTTON_CHANGE = "Change"
BUTTON_JUMP = "Jump ↗"
BUTTON_DELETE = "Delete"
BUTTON_DELETE_ALL = "Delete all {number}"
BUTTON_TIMEOUT = "Timeout 10 min"
BUTTON_TIMEOUT_ALL = "Timeout all {number} authors"
OPINION_ASK = "What do you think yourself? Your answer is kept, and the case stays open for another moderator."
BAN_ASK = "Ban {name} for case {case_id}? Their messages stay. Undo on the card lifts the ban again."
PICTURE = "Case {case_id}: how much each word spoke for the label (to the right) or against it (to the left)."
NOTE_TITLE = "Note on case {case_id}"
NOTE_FIELD = "Note"
NOTE_HELP = "For the other moderators. It stands on the card and goes when the text of the case goes."
FINE_WORD_TITLE = "Fine here"
FINE_WORD_FIELD = "Word or phrase"
FINE_WORD_HELP = "From now on it is hidden from the model here; the rest still counts."
FINE_WORD_COUNTED = "Hidden from the model from now on. Counted most: {words}"
MORE_ENTRIES = {
    "breaks": BUTTON_BREAKS,
    "fine": BUTTON_FINE,
    "skip": BUTTON_SKIP,
    "hour": "Timeout 1 hour",
    "day": "Timeout 1 day",
    "kick": "Kick…",
    "kick_yes": "Yes, kick",
    "ban": "Ban…",
    "ban_yes": "Yes, ban",
    "fine_word": "“Fine here” word…",
    "note": "Note…",
    "opinion": "Second opinion",
    "think_breaks": "I think it breaks rules",
    "think_fine": "I think it's fine",
    "think_skip": "I'm not sure",
    "scores": "All scores",
    "picture": "Picture",
}
MENU_LABELS = "Labels"
MENU_OTHER_REASON = "Removed for another reason"
MENU_OTHER_REASON_HELP = "Says nothing about the model's labels."

# The review card.
TITLE_FLAGGED = "{emoji} {label} · case {case_id}"
TITLE_CARE = "💙 Someone may need help · case {case_id}"
TITLE_AUDIT = "🔎 For checking · case {case_id}"
BY = "{name}{joined} · <#{channel_id}> · {when}"
BY_ONE = "{name}, {number} messages"
BY_OTHERS = "{name} and {others} other{s}, {number} messages"
JOINED = " · joined {when}"
NOTHING_DONE = "nothing done"
REPLY = "↪ reply to {name}{text}"
FORWARDED = "↪ forwarded by {name}"
CARE_NOTE = "This may be a cry for help, not an offence. Nothing was done to the member. Perhaps somebody reaches out?"
TEXT_GONE = "*The text is no longer kept.*"
NO_TEXT = "*No text: look at the message itself.*"
TEXT_UNKEPT = "*Texts are not kept on this server: look at the message itself.*"
FOLLOWERS_REFUSED = "✖️ Not possible on other messages of this card: {actions}"
WHY = "Why: {said}{also}"
WHY_SCORE = "{label} {score}, limit {limit}"
WHY_KEYWORD = "your keyword {found}"
ALSO = " · also {labels}"
NOT_FLAGGED = "Why: a member asked for a look; no score reached a limit."
NOT_SCORED = "Why: a member asked for a look; the model was away, so there is no score."
SEEN_AS = "Seen as: {reading}"
MESSAGE_STATE = "Message: {state}"
MESSAGE_UP = "still up"
MESSAGE_DELETED = "deleted"
MESSAGE_GONE = "already gone"
MESSAGES_GONE = "{gone} of {total} gone"
CONFIRMED = "Confirmed before: {number} in {days} days (case {case_id})"
SECOND_OPINION = "🤝 <@{moderator_id}> has answered and asks for a second opinion"
THIRD_OPINION = "🤝 Two moderators answered differently ({labels}). A third answer decides."
NOTE = "📝 <@{moderator_id}>: {text}"
WORDS = "Words: {words}"
SENTIMENT = "Sentiment: {stars} {mean:.1f} of 5"
MODEL = "Model {version}"
VERDICT = "{emoji} {verdict} · <@{moderator_id}> · {when}"
SCRUBBED = "The text of this case was kept for its time and is removed now."

READINGS = {
    "as_written": "as written",
    "normalised": "normalised",
    "spoilers_opened": "with spoilers opened",
    "empty": "empty",
}
VERDICTS = {
    "breaks_rules": ("✅", "Breaks rules"),
    "fine": ("👌", "It's fine"),
    "skip": ("⏭️", "Skipped"),
    "other_reason": ("🗂️", "Removed for another reason"),
}
DECIDED = {
    "breaks_rules": ("✅", "Broke rules"),
    "fine": ("👌", "It's fine"),
    "skip": ("⏭️", "Skipped"),
    "other_reason": ("🗂️", "Removed for another reason"),
}
DECIDED_LINE = "{emoji} {what} · <@{moderator_id}> · {when}"
CLOSED = "Closed without a verdict"
NO_LABEL = "none of the labels"
ACTION_STATES = {
    "pending": "⏳ {action}: under way",
    "done": "✔️ {action}: done{detail}",
    "refused": "✖️ {action}: not possible{detail}",
    "failed": "⚠️ {action}: failed{detail}",
    "expired": "⌛ {action}: not done{detail}",
    "undone": "↩️ {action}: undone",
}
HELD_BACK = "💤 Held back: {actions}"

# What the enforcer reports. Each ends on a card after the action's name.
ALREADY_GONE = "the message was already gone"
CHANNEL_GONE = "the channel is gone or hidden from me"
GUILD_GONE = "I am no longer on this server"
AUTHOR_LEFT = "the author left the server"
AUTHOR_OWNER = "the author owns the server"
AUTHOR_ADMIN = "the author is an administrator"
AUTHOR_BOT = "the author is a bot"
AUTHOR_ABOVE = "the author's highest role is not below mine"
BOT_LACKS = "I lack the permission {permissions}"
LONGER_TIMEOUT = "the author is already timed out for longer"
TIMEOUT_OVER = "the timeout would be over by now"
NO_DMS = "the author does not accept direct messages"
WARNING_UNKNOWN = "I stopped before Discord confirmed the message; it is not sent twice"
UNANSWERED = "Discord did not answer ({status})"
REFUSED_BY_DISCORD = "Discord refused (code {code})"
TIMEOUT_LIFTED = "The timeout is lifted."
NOT_OUR_TIMEOUT = "The timeout now in force is not the one of this case; it stays."
NO_TIMEOUT_LEFT = "The timeout was already over."
ALREADY_BANNED = "the author is already banned"
BAN_LIFTED = "The ban is lifted."
NOT_OUR_BAN = "The ban now in force is not the one of this case, or there is none; nothing changes."
UNBAN_REFUSED = "I could not lift the ban: {why}."
AUTHOR_LEFT_UNDO = "The author left the server, so the timeout cannot be lifted."
DELETE_STAYS = "Discord keeps no copy of a deleted message, so it stays deleted."
WARNING_STAYS = "A warning that was read cannot be taken back."
UNDO_REFUSED = "I could not lift the timeout: {why}."
WARNING = (
    "A message of yours on **{guild}** may be against the rules of the server, and its moderators were told. "
    "If you think this is a mistake, please write to them."
)

# The review channel.
NO_CHANNEL = "The review channel is gone or hidden from me. Choose one with `/candor setup`."
CARD_NEEDS = "I cannot post cards in <#{channel_id}>: I lack {permissions} there. Grant it, or choose another channel."
CARD_FAILED = "Discord did not take the review card; it is tried again later."

# Setup.
SETUP_REASON = "Candor setup: a private channel for review cards"
SETUP_CHANNEL = "mod-review"
SETUP_VISIBLE = "Everybody can see {channel}. Hide it from @everyone, or leave the option out and I make a private one."
SETUP_CANNOT_POST = "I lack {permissions} in {channel}. Grant it there, then run this again."
SETUP_CANNOT_CREATE = (
    "I may not create a channel (that needs Manage Channels). Make a private one yourself, let me see it and post in "
    "it, and name it: `/candor setup review_channel:#…`."
)

# /candor rules.
RULES_SHADOW = "Shadow mode: cases and cards only."
RULES_PAUSED = "Paused: nothing is done automatically."
RULES_ACTIVE = "Active: labels out of shadow mode are acted on."
RULES_MODEL_LIMIT = "flagged at the model's own limit"
RULES_MODES = {"shadow": "shadow", "delete": "may delete", "act": "may act"}
RULES_KEYWORDS = "Keywords: {words}"
RULES_FINE = "Fine here: {words}"

# /case.
CASE_STATE = {"open": "open", "closed": "closed"}
WHY_HEAD = "**Case {case_id}** · {state} · opened {when} because it was {why}"
WHY_OPENED = {
    "flagged": "flagged by its scores",
    "care": "read as somebody who may need help",
    "reported": "reported by a member",
    "staff": "reported by a member, about staff",
    "audit": "drawn for checking",
    "labelled": "labelled by a moderator",
    "appeal": "appealed",
    "challenger": "flagged by a new model alone, which is being checked",
}
SCORES = "Scores: {scores}"
CHECK_CASE = "This would open a case: {why}."
CHECK_NOTHING = "This would open no case."
CHECK_UNREADABLE = "The model does not read this script, so it judges nothing here."
CHECK_LANGUAGE = "This reads like {language}; the model reads {reads} only, so it judges nothing here."
CHECK_ACTIONS = "It would then do: {actions}."
CHECK_WITHHELD = "Asked for, but {why}: {actions}."

# Audits.
AUDIT_TITLE = "🔎 Audit {batch_id} · nothing here was flagged"
AUDIT_HOW = "Does any of these break the rules? Tap the bad ones, or none. It shows what the model misses."
AUDIT_LINE = "**{number}** · <#{channel_id}> · [look ↗]({jump})"
AUDIT_OPTION = "Line {number}"
MENU_AUDIT = "Tap the bad ones"
BUTTON_AUDIT_NONE = "None of them"
AUDIT_DONE = "✅ {bad} of {lines} against the rules{cases} · <@{moderator_id}> · {when}"
AUDIT_CASES = (" (case {cases})", " (cases {cases})")
AUDIT_OVER = "⌛ Nobody answered in time; the texts were kept for their time and are removed now."

# doctor.
DOCTOR_GOOD = "✅ {sentence}"
DOCTOR_BAD = "⚠️ {sentence} {fix}"
DOCTOR_MORE = "… and {count} more."

# What a member is told, and what may be answered.
NOTICE_ACTED = "**{guild}**: {what} was against the rules, so {done}.{rule}"
NOTICE_WHAT = ("your message in <#{channel_id}>", "{messages} of your messages in <#{channel_id}>")
NOTICE_RULE = " Rule: {rule}."
NOTICE_ELSEWHERE = " You can appeal here: <{url}>"
NOTICE_UNDONE = "**{guild}**: {undone}."
NOTICE_FINE = "**{guild}**: the moderators looked again at {what} and find nothing wrong with it{undone}."
NOTICE_UPHELD = "**{guild}**: the moderators looked again at {what}. Your appeal is turned down; it stays as it is."
NOTICE_OVERTURNED = "**{guild}**: the moderators looked again at {what}. Your appeal is granted{undone}."
THREAD_CLOSED = "the thread is closed"
NOT_A_MEMBER = "they are not on the server"
BUTTON_APPEAL = "Appeal"
APPEAL_TITLE = "Appeal"
APPEAL_FIELD = "Why was this a mistake?"
APPEAL_HELP = "The moderators read it. You can appeal once; the answer comes here."
APPEAL_OPEN = "⚖️ **Appeal** · {when}: {text}"
APPEAL_BY_BOT = "Done by the bot; nobody has decided this case yet."
APPEAL_BY = "Decided before by {moderators}."
APPEAL_ENDS = {"upheld": "⚖️ Appeal turned down", "overturned": "⚖️ Appeal granted"}
APPEAL_ENDED = "{what} · <@{moderator_id}> · {when}"
BUTTON_UPHOLD = "Uphold"
BUTTON_OVERTURN = "Overturn"
NO_OPEN_APPEAL = "There is no open appeal on this case; look at it again."
BUTTON_PUT_BACK = "Put text back"
PUT_BACK = "Put back by the moderators: {name} wrote: {text}"

# The mod-log.
LOG_LINE = "case {case_id}: {what}{by}{untold}"
LOG_TIMES = " ×{number}"
LOG_BY_BOT = ", by the bot"
LOG_CONFIRMED = ", confirmed by {name}"
LOG_UNDONE = ", undone by {name}"
LOG_NEEDS = "I cannot write into the log channel <#{channel_id}>: I lack {permissions} there."
LOG_GONE = "The log channel is gone or hidden from me."
LOG_FIX = "Grant it to my role there, or choose another with `/candor rules set setting:log_channel_id`."
LOG_GOOD = "Every action leaves a line in <#{channel_id}>."
LOG_NONE = "No log channel is chosen, so actions leave no line."
