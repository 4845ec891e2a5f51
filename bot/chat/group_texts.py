"""What is said of a card that stands for several messages, and of an action on all of them."""

from __future__ import annotations

OTHER_TEXT = "• {text}"
OTHER_TEXT_BY = "• {name}: {text}"
MORE_TEXTS = "and {number} more"

LEFT_OUT = "Left out: {who}."
LEFT_OUT_GROUP = "{names} ({why})"
LEFT_OUT_MORE = "{names} and {number} more"
ABOVE = "highest role not below yours"
OWNER = "owner of the server"
YOU_LACK = "you lack {permissions} in <#{channel_id}>"
