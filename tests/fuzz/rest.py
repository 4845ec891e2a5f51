"""Discord's REST side: answers every request of the bot at once, and keeps what was asked."""

from __future__ import annotations

import json
import random
import re
from dataclasses import dataclass, field
from typing import Any

from tests.fuzz import payloads

REFUSALS = {403: {"code": 50013, "message": "Missing Permissions"}, 404: {"code": 10008, "message": "Unknown Message"}}


@dataclass(frozen=True, slots=True)
class Asked:
    """One request of the bot."""

    method: str
    path: str
    body: dict[str, Any]


class _Answer:
    """What discord.py uses of aiohttp's response."""

    def __init__(self, status: int, data: Any) -> None:
        self.status, self.reason = status, "x"
        self._data = data
        self.headers = {"content-type": "application/json"}

    async def text(self, encoding: str = "utf-8") -> str:
        return json.dumps(self._data)

    async def __aenter__(self) -> _Answer:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None


@dataclass
class Rest:
    """Stands in for aiohttp's session. `refuses`: the share of requests that are refused, by chance."""

    chance: random.Random = field(default_factory=random.Random)
    refuses: float = 0.0
    asked: list[Asked] = field(default_factory=list)
    _number: int = 0

    def request(self, method: str, url: Any, **options: Any) -> _Answer:
        """The answer, as an asynchronous context manager."""
        path = str(url).split("?")[0].split("/api/v10", 1)[-1]
        self._number += 1
        self.asked.append(Asked(method, path, _body(options.get("data"))))
        if self.refuses and "/interactions/" not in path and self.chance.random() < self.refuses:
            status = self.chance.choice((403, 404))
            return _Answer(status, REFUSALS[status])
        return _Answer(200, self._found(method, path))

    async def close(self) -> None:
        """Nothing to close."""

    def _found(self, method: str, path: str) -> Any:
        if path.endswith("/callback"):
            return {"interaction": {"id": path.split("/")[2], "type": 3}}
        if found := re.fullmatch(r"/guilds/\d+/members/(\d+)", path):
            return payloads.member(int(found[1]))
        if found := re.fullmatch(r"/channels/(\d+)/messages/(\d+)", path):
            return payloads.message(int(found[2]), "what an insult", place=int(found[1]))
        if re.fullmatch(r"/channels/\d+/messages|/webhooks/.*", path):
            return payloads.message(
                payloads.snowflake(self._number), "posted", author=payloads.ME, place=payloads.REVIEW
            )
        if re.fullmatch(r"/guilds/\d+", path):
            return payloads.guild() | {"id": path.split("/")[2]}
        if path == "/users/@me/channels":
            return {"id": "9", "type": 1, "recipients": [payloads.user(payloads.KAI)]}
        if re.fullmatch(r"/channels/(\d+)", path) or re.fullmatch(r"/guilds/\d+/channels", path):
            return payloads.channel(payloads.snowflake(self._number), 0, "made", hidden=True)
        return [] if method == "GET" or path.endswith("/commands") else {}


def _body(data: Any) -> dict[str, Any]:
    """The JSON that was sent; of a form with files nothing is kept."""
    return json.loads(data) if isinstance(data, str | bytes) and data else {}
