"""What the weekly report says; apart from `texts.py` for its length alone."""

from __future__ import annotations

TITLE = "### The week from {since} to {until}"
HEAD = "**{cards} cards, {ends}; {needs}.**"
ENDS = {
    "breaks_rules": "{number} broke rules",
    "fine": "{number} fine",
    "other_reason": "{number} for another reason",
    "skip": "{number} skipped",
    "unanswered": "{number} without a verdict",
    "open": "{number} open",
}
NEEDS_NOTHING = "nothing needs you"
NEEDS_ONE = "1 thing needs you"
NEEDS = "{number} things need you"
OVERDUE = "⚠ {number} {cases} open for over 24 h, the oldest since {since}: `/queue next`"
TROUBLE = "⚠ {sentence}"
TROUBLE_MORE = "⚠ and {number} more: `/candor doctor`"
BELOW_GOAL = "⚠ Below the goal of {goal} % right: {labels}. `/candor rules limit` raises a limit."
DONE = "**Done by me** {deeds}"
DONE_NOTHING = "nothing"
UNDONE = "{number} taken back{links}"
GRANTED = "{number} {appeals} granted{links}"
LINKS = " ({links}{more})"
LINK = "[{case_id}]({url})"
LINKS_MORE = " and {number} more"
RIGHT = "**Right** {labels}"
RIGHT_NONE = "no verdict yet"
MISSED = "**Missed** {reported}; {recall}"
REPORTED_NONE = "nobody reported what I had not flagged"
REPORTED = "{number} reported that I had not flagged, {confirmed} of them broke rules"
WRONG = "**Most often wrong** {words}, named by the button below"
WRONG_WORD = "{word} ({wrong} of {total} cards were fine)"
WRONG_ASK = "Most often wrong from {since} to {until}: {words}"
WRONG_GONE = "No word to name any more: the texts are gone with their time, or the words are fine here by now."
BUTTON_WRONG = "Words most often wrong"
WEEK = "**A day** {a_day} cards, {wait}"
BUSIEST = "**Busiest** <#{channel_id}> with {cards}, and the hour from {hour} with {in_hour}"
MOODS = "**Sentiment** {moods}"
MOOD = "<#{channel_id}> {stars:.1f} ★"
ME = "**Me** {away}; {read}; {drift}"
AWAY = "away for {away}"
AWAY_NEVER = "never away"
AWAY_UNKNOWN = "not watched long enough to say when I was away"
READ = "{share} of {messages} messages unchecked"
READ_NONE = "no messages"
DRIFT_UNKNOWN = "too few messages to speak of drift"
NO_PICTURE = "-# There is no picture this time: the model server does not draw, or I may not attach files here."
BUTTON_FINE_HERE = "Fine here: {word}"
