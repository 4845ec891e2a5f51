"""What cards and reports say of a model that is being checked beside the one that decides."""

from __future__ import annotations

TITLE_CHALLENGER = "🔬 Only the new model · case {case_id}"
ONLY_CHALLENGER = (
    "Why: only the new model would flag this: {scores}. It is being checked and decides nothing yet; your answer helps."
)
ONLY_CHAMPION = "The new model that is being checked sees this otherwise, so it comes first."
STAGE_GOES_ON = (
    "🔬 It is being checked beside the old model on live messages: {goal} of them, or until {until}. What only one of "
    "the two flags comes first in `/queue next`."
)
STAGE_ENDED = "🔬 Checked beside the old model on {number} {messages}: {old} only old, {new} only new.{dropped}"
STAGE_EMPTY = "🔬 There were no messages to check it on beside the old model."
STAGE_UNSEEN = (
    "🔬 It could not be checked beside the old model: none of {number} messages were looked at, since the model server "
    "was busy or did not have it at hand."
)
STAGE_TOO_FEW = "That is too little for it to serve by itself."
STAGE_DROPPED = " {number} more were not looked at: the server was busy."
STAGE_AGAINST = "Your verdicts on those say that the new one is wrong more often, so it does not serve by itself."
HEAD_BY_ITSELF = "**Better for you.** It serves by itself once it has been checked, unless you press before."
FORGOTTEN = "-# {number} of its examples {were} withdrawn or deleted since; the next run does without."
REVOKED = (
    "-# It learned from {number} {messages} whose server has taken its permission back since, so it does not serve by "
    "itself; the next run does without."
)
