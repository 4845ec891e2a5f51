"""What is said of messages that are gone, and of cards that stand for several messages."""

from __future__ import annotations

# Messages that somebody else deleted. Who it was, Discord does not tell.
CLOSED_GONE = "🫥 Already gone before anybody judged it: closed without a verdict. You can still judge it."
GONE_SINCE = "Message: already gone (seen {when})"

# Cards that stand for several messages.
OTHER_TEXT = "• {text}"
OTHER_TEXT_BY = "• {name}: {text}"
MORE_TEXTS = "and {number} more"
