"""What `/candor rules propose` says."""

from __future__ import annotations

HEAD = "In the last {days} ({messages} messages) about **{now} cards a day** came up; your team reads {budget}."
THEN = "With these limits it would have been about **{then}**."
STILL_OVER = "That is still more; the rest waits in the queue."
STILL_UNDER = "That is still fewer: I propose no limit below the model's own."
FITS = "That is about right, so I propose no change."
NOTHING_TO_RAISE = "I propose no change: no limit that I would set brings fewer. The rest waits in the queue."
NOTHING_TO_LOWER = "I propose no change: the model's own limits, below which I propose none, bring no more."
SEVERE = "Threats and severe toxicity are never raised over the model's own limit for quiet."
OTHERS = "About {others} of them come from reports, cries for help and keywords, whatever the limits are."
HOW = (
    "Counted by the cards that came: messages on one card count once, and a message that had no case yet as a card of "
    "its own. One card may stand under several labels. Limits of single channels stay as they are."
)
COLUMNS = ("", "limit", "cards a day")
TO = " → "
BUTTON = "Apply"
