"""What is said of texts that are put back under the member's name."""

from __future__ import annotations

NO_WEBHOOKS = "this kind of channel has no webhooks"
SOMEBODY = "member"
WEBHOOK_REASON = "To put texts back under the member's name"
