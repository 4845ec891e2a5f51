"""How gateway payloads travel: plain text, or one zlib or zstd stream over the life of a connection."""

from __future__ import annotations

import zlib
from typing import Protocol

from aiohttp import web


class Stream(Protocol):
    """Sends one payload's JSON over a websocket."""

    async def send(self, socket: web.WebSocketResponse, text: str) -> None: ...


class PlainStream:
    """No transport compression."""

    async def send(self, socket: web.WebSocketResponse, text: str) -> None:
        """Send it as text."""
        await socket.send_str(text)


class ZlibStream:
    """`compress=zlib-stream`: every payload ends with a sync flush."""

    def __init__(self) -> None:
        self._deflate = zlib.compressobj(level=1)

    async def send(self, socket: web.WebSocketResponse, text: str) -> None:
        """Send it as the stream's next piece."""
        await socket.send_bytes(self._deflate.compress(text.encode()) + self._deflate.flush(zlib.Z_SYNC_FLUSH))


class ZstdStream:
    """`compress=zstd-stream`: every payload ends a block, the frame stays open."""

    def __init__(self) -> None:
        # Only a client that has the library asks for this stream, and the other one must work without it.
        import zstandard

        self._flush = zstandard.COMPRESSOBJ_FLUSH_BLOCK
        self._frame = zstandard.ZstdCompressor(level=1).compressobj()

    async def send(self, socket: web.WebSocketResponse, text: str) -> None:
        """Send it as the stream's next piece."""
        await socket.send_bytes(self._frame.compress(text.encode()) + self._frame.flush(self._flush))


STREAMS: dict[str | None, type[PlainStream] | type[ZlibStream] | type[ZstdStream]] = {
    None: PlainStream,
    "zlib-stream": ZlibStream,
    "zstd-stream": ZstdStream,
}
