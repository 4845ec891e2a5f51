"""What is said of deeds that need more words than one: who did what and when."""

from __future__ import annotations

BY_BOT = "the bot itself"
BY_MODERATOR = "<@{moderator_id}>"
