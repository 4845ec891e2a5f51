"""What the privacy commands say beside what their use cases do."""

from __future__ import annotations

FORGET_ASK = (
    "This drops the texts of your messages that I keep on this server, and everything of them that nobody needs.\n"
    "- What was done to you stays as a bare fact: what, when and by which rule.\n"
    "- What an open case, an open appeal or a sanction that stands needs as evidence is held until that is over and 30 "
    "days more.\n"
    "- What you did as a moderator stays with the cases.\n"
    "Nobody can bring it back."
)
BUTTON_FORGET = "Forget me on this server"
