"""What people read while a server is set up, and about what is read there. The rest stands in `texts.py`."""

from __future__ import annotations

# /candor scope.
SCOPE_LISTED = "{why} ({count}): {channels}"
SCOPE_MORE = " and {count} more"
SCOPE_NONE = "⚠️ I read no channel. Name one: `/candor scope channel:#… look:True`."
SCOPE_WHY = {
    "read": "**Read**",
    "vent": "**Read for cries for help and threats only**, for venting",
    "cards": "Left alone, my own channels",
    "exempt": "Left alone, as you chose",
    "hidden": "Left alone, @everyone cannot read them",
    "staff": "Left alone, for staff by their names",
    "ticket": "Left alone, tickets by their names",
    "log": "Left alone, logs by their names",
    "bot": "Left alone, bot commands by their names",
    "nsfw": "Left alone, age-restricted",
    "roles": "Left alone, members with the roles",
}
"""In the order of the list."""
SCOPE_HOW = "Change it: `/candor scope channel:#… look:True` or `look:False`; a category counts for all in it."

# A deleted review channel.
REVIEW_CHANNEL_LOST = (
    "My review channel is gone, so nobody sees my cards. They wait until somebody runs `/candor setup`."
)

# /candor doctor.
LOST_STAND_IN = "The review channel is gone or hidden; cards go to {channel} meanwhile."
LOST = "The review channel is gone or hidden; cards wait."
EXTRAS = "I lack these, each needed for one thing only: {extras}."
NO_EXTRAS = "I hold the permissions for every extra."
EXTRA = "{permissions} ({purpose})"
PURPOSES = {
    "ban": "to ban when a moderator says so on a card",
    "kick": "to kick when a moderator says so on a card",
    "quote_in_thread": "to put texts back in threads",
    "make_channel": "to make the review channel for you",
    "put_back_as_member": "to put texts back under the member's name",
    "reset_nickname": "to reset a nickname when a moderator says so on a card",
    "see_automod": "to see which AutoMod rules are on",
    "slow_mode": "to slow a channel down when a moderator says so in a raid",
    "slow_mode_in_thread": "to slow a thread down in a raid",
    "pause_invites": "to pause invites when a moderator says so in a raid",
    "publish_in_thread": "to post statistics in threads",
}
YEARLY_FROM = 10_000
YEARLY = (
    "About {number:,} people can see the bot. Above 10,000 Discord reviews the message content intent every year anew. "
    "Answer its form at https://discord.com/developers/applications in time, or messages come empty."
)
YEARLY_NOT = "About {number:,} people can see the bot; above 10,000 Discord reviews the message content intent yearly."

# /candor setup, page by page. Discord takes 2,000 characters a page.
PAGE_TITLE = "**Setup {number} of {pages}: {title}**"
PAGE_TITLES = {
    "channel": "where cards go",
    "roles": "who reviews",
    "scope": "what I read",
    "permissions": "what I may do",
    "reading": "languages and AutoMod",
    "names": "your rules",
    "trying": "try it",
    "done": "done",
}
BUTTON_BACK = "Back"
BUTTON_NEXT = "Next"
BUTTON_MAKE = "Make a private one"
BUTTON_AGAIN = "Look again"
BUTTON_SAMPLE = "Show a sample card"

CHANNEL_NONE = "Choose a channel that only your moderators see, or let me make one."
CHANNEL_NOW = "Cards go to <#{channel_id}>. You may choose another, which @everyone must not see."
CHANNEL_GONE = "The channel chosen before is gone. Choose another, or let me make one."
CHANNEL_MENU = "Review channel"

ROLES_ASK = "Ticked are the roles with Moderate Members. They review, and messages of their members are left alone."
ROLES_KEPT = "These roles review, and messages of their members are left alone."
ROLES_NONE = "No role is ticked, so everybody's messages are read, moderators' too."
ROLES_MENU = "Reviewing roles"
ROLE_BLIND = "⚠️ {role} cannot see {channel}. Allow it View Channel in that channel's permissions."
ROLE_POWERLESS = "⚠️ {role} lacks Moderate Members, so its members see cards and cannot answer. Grant it in Roles."

SCOPE_INCLUDED_MENU = "Also read these"
SCOPE_EXEMPT_MENU = "Leave these alone"
SCOPE_TOO_MANY = "You chose more channels than a menu shows; change them with `/candor scope`."

PERMISSION_HELD = "✅ {permission}: {purpose}"
PERMISSION_LACKS = "⚠️ {permission}: {purpose}. Switch it on for my role in Server Settings, Roles."
PERMISSIONS = {
    "view_channel": "to see the channels",
    "send_messages": "to post cards",
    "embed_links": "to show links in what I post",
    "attach_files": "to show statistics as pictures",
    "read_message_history": "to look a message up again",
    "manage_messages": "to delete what a moderator says, or what your limits say",
    "moderate_members": "to time members out",
}
PROBLEM = "⚠️ {sentence} {fix}"
EXTRA_LINE = "➖ {sentence}"

AUTOMOD_RULES = {"spam": "spam", "mention_spam": "mention spam", "keyword_preset": "preset words"}
AUTOMOD_ON = "✅ AutoMod's rule against {rule} is on."
AUTOMOD_OFF = "⚠️ AutoMod's rule against {rule} is off. Switch it on in Server Settings, AutoMod: it stops that unseen."
AUTOMOD_UNSEEN = (
    "➖ Whether AutoMod's rules against spam, mention spam and preset words are on I cannot see: that needs Manage "
    "Server. Look in Server Settings, AutoMod; they stop what nobody has to judge."
)

NAMES_ASK = "Call a label by your own rule, such as “rule 2, be kind”. Cards, notices and audit reasons then say so."
NAMES_MENU = "Name the rule for …"
NAME_TITLE = "Your rule for “{label}”"
NAME_FIELD = "Rule"
NAME_HELP = "Empty: the label's own name."

TRYING_ASK = (
    "Press a sample card; nothing of it is stored. Then choose a channel in which you try one line: I look at it even "
    "though you are staff, in shadow, and its card comes to the review channel."
)
TRYING_MENU = "Try one line in …"
TRYING_NOW = "Your next message in <#{channel_id}> within 10 minutes is looked at. For example: `{line}`"
TRYING_LINE = "nobody likes you, you worthless clown"
TRYING_UNREAD = "I do not read {channel}, so nothing would come of it. Choose one that I read, or include it first."

SAMPLE_HOW = "A sample; press what you like. Nothing is stored and nobody is told."
SAMPLE_NAME = "Sample"

DONE_SHADOW = "Shadow. Nobody will be deleted, timed out, messaged or pinged."
DONE_SHADOW_CALLED = "Shadow. Nobody will be deleted, timed out or messaged; <@&{role_id}> is pinged for threats."
DONE_ACTIVE = "Active: the limits you set are acted on."
DONE_PAUSED = "Paused: nothing is done automatically."
DONE_NO_CHANNEL = "⚠️ There is no review channel yet, so no cards come."
DONE_NEXT = (
    "Cards come to <#{channel_id}>. Later: `/candor rules` for limits, `/candor doctor` when something is odd, "
    "`/candor pause` to stop everything at once."
)
