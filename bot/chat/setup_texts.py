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
    "quote_in_thread": "to put texts back in threads",
    "make_channel": "to make the review channel for you",
    "see_automod": "to see which AutoMod rules are on",
}
YEARLY_FROM = 10_000
YEARLY = (
    "About {number:,} people can see the bot. Above 10,000 Discord reviews the message content intent every year anew. "
    "Answer its form at https://discord.com/developers/applications in time, or messages come empty."
)
YEARLY_NOT = "About {number:,} people can see the bot; above 10,000 Discord reviews the message content intent yearly."
