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
