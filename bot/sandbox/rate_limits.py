"""Discord's rate limits on REST, off until somebody switches them on: by route and resource, and over all.

Discord documents the headers and the 50 requests a second over all; how much a route allows it only says in answers.
Clients report 5 requests in 5 seconds for each route of a channel, guild or webhook.
"""

from __future__ import annotations

import hashlib
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.sandbox.faults import FaultAnswer

GLOBAL, GLOBAL_SECONDS = 50, 1.0
ROUTE, ROUTE_SECONDS = 5, 5.0
_TOP_LEVEL = ("channel_id", "guild_id", "webhook_id")


@dataclass(slots=True)
class _Bucket:
    """Requests of one route and resource; all of them are free again at `resets_at`."""

    left: int = ROUTE
    resets_at: float = 0.0


class RateLimits:
    """`on`: whether they hold. `refused` counts answers of 429 by route, `requests` all requests, and `busiest` is the
    most requests within a second. `now` gives seconds.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self.on = False
        self.refused: Counter[str] = Counter()
        self.requests: Counter[str] = Counter()
        self.busiest = 0
        self._now = now
        self._buckets: dict[tuple[str, str], _Bucket] = {}
        self._lately: deque[float] = deque()

    def take(self, method: str, template: str, ids: Mapping[str, str]) -> tuple[FaultAnswer | None, dict[str, str]]:
        """The refusal that a request gets, if it gets one, and the headers of its answer otherwise."""
        if not self.on:
            return None, {}
        now, route = self._now(), f"{method} {template}"
        self.requests[route] += 1
        # What answers an interaction does not count for all of the bot's requests.
        if not template.startswith("/interactions/"):
            wait = self._over_all(now)
            if wait is not None:
                self.refused[route] += 1
                return _refusal(wait, {"X-RateLimit-Global": "true"}, over_all=True), {}
        resource = next((ids[name] for name in _TOP_LEVEL if name in ids), "")
        bucket = self._buckets.setdefault((route, resource), _Bucket())
        if now >= bucket.resets_at:
            bucket.left, bucket.resets_at = ROUTE, now + ROUTE_SECONDS
        wait = bucket.resets_at - now
        headers = {
            "X-RateLimit-Limit": str(ROUTE),
            "X-RateLimit-Remaining": str(max(0, bucket.left - 1)),
            "X-RateLimit-Reset": f"{time.time() + wait:.3f}",
            "X-RateLimit-Reset-After": f"{wait:.3f}",
            "X-RateLimit-Bucket": hashlib.sha256(route.encode()).hexdigest()[:32],
        }
        if bucket.left == 0:
            self.refused[route] += 1
            return _refusal(wait, headers, over_all=False), {}
        bucket.left -= 1
        return None, headers

    def _over_all(self, now: float) -> float | None:
        """Seconds to wait, None where there is room; then the request counts."""
        while self._lately and now - self._lately[0] >= GLOBAL_SECONDS:
            self._lately.popleft()
        if len(self._lately) >= GLOBAL:
            return GLOBAL_SECONDS - (now - self._lately[0])
        self._lately.append(now)
        self.busiest = max(self.busiest, len(self._lately))
        return None


def _refusal(wait: float, headers: dict[str, str], *, over_all: bool) -> FaultAnswer:
    body = {"message": "You are being rate limited.", "retry_after": round(wait, 3), "global": over_all}
    scope = {"X-RateLimit-Scope": "global" if over_all else "user", "Retry-After": str(int(wait) + 1)}
    # discord.py takes a 429 without "Via" for a ban of the address.
    return FaultAnswer(429, body, {**headers, **scope, "Via": "1.1 google"})
