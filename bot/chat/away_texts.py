"""What is said of an absence; apart from `texts.py` for its length alone."""

from __future__ import annotations

AWAY = "Away {since} to {until}: {checked} {messages} checked, {cases} {cases_word}."
URGENT = "Found too late to call anybody: {cases}"
URGENT_CASE = "case {case_id} ({kind}) [look ↗]({jump})"
KINDS = {"threat": "possible threat", "care": "may need help"}
MORE = " and {count} more"
UNREAD = "Not checked: {channels}. Grant me Read Message History there."
NOT_BEFORE = "What was written before {when} was not looked at; it is too long ago."

DOCTOR_CATCHING_UP = "Catching up: {done} of {channels} {channels_word}, {checked} {messages} checked."
DOCTOR_WHOLE = "Nothing missed since {since}."
DOCTOR_FINDING_OUT = "I have only just come back; what was missed is being found out."
DOCTOR_OFF = "What is written while I am away is not looked at."
DOCTOR_OFF_FIX = "Set CANDOR_CATCH_UP_HOURS to the hours that I shall look back."
