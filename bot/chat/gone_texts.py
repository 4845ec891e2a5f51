"""What is said of messages that somebody else deleted. Who it was, Discord does not tell."""

from __future__ import annotations

CLOSED_GONE = "🫥 Already gone before anybody judged it: closed without a verdict. You can still judge it."
LISTED = "🫥 already gone"
GONE_SINCE = "Message: already gone (seen {when})"
