"""Uploaded files: kept in memory under their CDN address."""

from __future__ import annotations

import mimetypes
import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

from aiohttp import web

from bot.sandbox.errors import ApiError
from bot.sandbox.world import Json, World

CDN, PROXY = "https://cdn.discordapp.com", "https://media.discordapp.net"
MOST_BYTES = 10 * 1024 * 1024
"""What Discord takes in one request of a bot."""


@dataclass(frozen=True, slots=True)
class Upload:
    """One file of a request. `key`: the number in its field's name, which the body's `attachments` refer to."""

    key: int
    filename: str
    data: bytes = field(repr=False)


def store(world: World, channel_id: int, uploads: Sequence[Upload], described: Sequence[Json]) -> list[Json]:
    """Keep the uploads; their attachment objects. `described` is the body's `attachments`. Raises 40005."""
    if sum(len(upload.data) for upload in uploads) > MOST_BYTES:
        raise ApiError(413, 40005, "Request entity too large")
    texts = {str(each.get("id")): each for each in described}
    return [_stored(world, channel_id, upload, texts.get(str(upload.key), {})) for upload in uploads]


def _stored(world: World, channel_id: int, upload: Upload, described: Json) -> Json:
    file_id = world.snowflakes.make()
    name = _safe(described.get("filename") or upload.filename)
    world.files[(channel_id, file_id, name)] = upload.data
    path = f"/attachments/{channel_id}/{file_id}/{name}"
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    shape: Json = {
        "id": str(file_id),
        "filename": name,
        "size": len(upload.data),
        "url": CDN + path,
        "proxy_url": PROXY + path,
        "content_type": kind,
        "flags": 0,
    }
    if described.get("description"):
        shape["description"] = described["description"]
    if upload.data.startswith(b"\x89PNG\r\n\x1a\n") and len(upload.data) >= 24:
        shape["width"], shape["height"] = struct.unpack(">II", upload.data[16:24])
    return shape


def _safe(filename: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "_", filename) or "unknown"


def add_routes(app: web.Application, world: World) -> None:
    """Serve /attachments/{channel}/{file}/{name}, on the CDN's hosts and on the page's."""

    async def attachment(request: web.Request) -> web.Response:
        ids = request.match_info
        data = world.files.get((int(ids["channel_id"]), int(ids["file_id"]), ids["name"]))
        if data is None:
            return web.Response(status=404, text="This content is no longer available.")
        kind = mimetypes.guess_type(ids["name"])[0] or "application/octet-stream"
        # Only pictures are shown in place: an uploaded page must not run on the chat page's own origin.
        shown = kind if kind in ("image/png", "image/jpeg", "image/gif", "image/webp") else "application/octet-stream"
        return web.Response(body=data, content_type=shown, headers={"X-Content-Type-Options": "nosniff"})

    app.router.add_get(r"/attachments/{channel_id:\d+}/{file_id:\d+}/{name}", attachment)
