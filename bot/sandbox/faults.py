"""Faults on demand: what REST answers instead of working, and whether a RESUME is taken."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field

from bot.sandbox.world import Json


@dataclass(slots=True, kw_only=True)
class RestFault:
    """What the next `times` calls that match get. `status` None: they work, only late."""

    method: str
    path: re.Pattern[str]
    times: int
    status: int | None
    retry_after: float = 0.0
    delay_seconds: float = 0.0
    after_effect: bool = False
    hits: int = 0
    released: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True, slots=True)
class FaultAnswer:
    """A response made up in place of the real one."""

    status: int
    body: Json
    headers: dict[str, str]


class Faults:
    """Planned faults. Each method returns what was planned, whose `hits` counts the calls that met it."""

    def __init__(self) -> None:
        self._rest: list[RestFault] = []
        self._refused_resumes = 0

    def rate_limit(self, method: str, path: str, *, times: int = 1, retry_after: float = 0.01) -> RestFault:
        """The next calls get 429 as Discord words it. `path` is a regular expression on the path after /api/v10."""
        return self._plan(method, path, times=times, status=429, retry_after=retry_after)

    def fail(
        self, method: str, path: str, *, times: int = 1, status: int = 500, after_effect: bool = False
    ) -> RestFault:
        """The next calls get a server error; with `after_effect` what they asked for has happened all the same."""
        return self._plan(method, path, times=times, status=status, after_effect=after_effect)

    def delay(self, method: str, path: str, *, seconds: float, times: int = 1) -> RestFault:
        """The next calls work `seconds` later, or as soon as their `released` is set."""
        return self._plan(method, path, times=times, status=None, delay_seconds=seconds)

    def refuse_resume(self, *, times: int = 1) -> None:
        """Answer the next RESUMEs with INVALID_SESSION, so that the bot identifies afresh."""
        self._refused_resumes += times

    def clear(self) -> None:
        """Forget what was planned."""
        self._rest.clear()
        self._refused_resumes = 0

    def take_refused_resume(self) -> bool:
        """Whether this RESUME is to be refused."""
        if not self._refused_resumes:
            return False
        self._refused_resumes -= 1
        return True

    def take(self, method: str, path: str) -> RestFault | None:
        """The fault that this call meets."""
        for fault in self._rest:
            if fault.times > fault.hits and fault.method in ("*", method) and fault.path.search(path):
                fault.hits += 1
                return fault
        return None

    def _plan(
        self,
        method: str,
        path: str,
        *,
        times: int,
        status: int | None,
        retry_after: float = 0.0,
        delay_seconds: float = 0.0,
        after_effect: bool = False,
    ) -> RestFault:
        fault = RestFault(
            method=method,
            path=re.compile(path),
            times=times,
            status=status,
            retry_after=retry_after,
            delay_seconds=delay_seconds,
            after_effect=after_effect,
        )
        self._rest.append(fault)
        return fault


def answer_of(fault: RestFault) -> FaultAnswer:
    """What the call gets. discord.py waits and tries again only for a JSON body with a `Via` header."""
    status = fault.status or 500
    if status == 429:
        body: Json = {"message": "You are being rate limited.", "retry_after": fault.retry_after, "global": False}
        headers = {"Via": "1.1 google", "Retry-After": str(max(1, round(fault.retry_after)))}
        return FaultAnswer(429, body, headers)
    return FaultAnswer(status, {"message": f"{status}: Internal Server Error", "code": 0}, {})
