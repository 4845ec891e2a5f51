"""The gateway websocket, version 10: HELLO, IDENTIFY, READY, heartbeats, member chunks, RESUME with replay."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any

from aiohttp import WSMsgType, web

from bot.sandbox.clock import iso
from bot.sandbox.faults import Faults
from bot.sandbox.sessions import PRIVILEGED, Intents, Session
from bot.sandbox.shapes import guild_create_json, member_json, user_json
from bot.sandbox.streams import STREAMS, PlainStream, Stream
from bot.sandbox.world import Event, Guild, Json, World

URL, RESUME_URL = "wss://gateway.discord.gg", "wss://gateway-us-east1-b.discord.gg"
CLOSE_SECONDS = 1.0
"""How long the other side may take to answer a close."""
HEARTBEAT_MILLISECONDS = 41250
DISPATCH, HEARTBEAT, IDENTIFY, PRESENCE, VOICE, RESUME, RECONNECT, MEMBERS, INVALID, HELLO, ACK = (
    0,
    1,
    2,
    3,
    4,
    6,
    7,
    8,
    9,
    10,
    11,
)
_CHUNK = 1000


class Refused(Exception):
    """The connection is to be closed with `code`."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Connection:
    """One websocket of the bot; `session` once it has identified or resumed, `closed_with` once it is cut off."""

    def __init__(self, request: web.Request, socket: web.WebSocketResponse, stream: Stream) -> None:
        self.request = request
        self.socket = socket
        self.session: Session | None = None
        self.reading: asyncio.Future[None] | None = None
        self.closed_with: int | None = None
        self.ended = asyncio.Event()
        self.queue: asyncio.Queue[str | None] = asyncio.Queue()
        self._stream = stream

    def send(self, op: int, data: Any = None) -> None:
        """Queue a payload that is no event."""
        self.queue.put_nowait(json.dumps({"op": op, "d": data, "s": None, "t": None}))

    async def write(self) -> None:
        """Send what is queued, in order, until None is queued or the other side is gone."""
        with contextlib.suppress(ConnectionError):
            while (text := await self.queue.get()) is not None:
                await self._stream.send(self.socket, text)


class Gateway:
    """All connections and sessions of the bot."""

    def __init__(self, world: World, faults: Faults) -> None:
        self._world = world
        self._faults = faults
        self._sessions: dict[str, Session] = {}
        self._connections: set[Connection] = set()
        world.listen(self._tell)

    @property
    def online(self) -> bool:
        """Whether the bot is connected and identified."""
        return any(each.session is not None for each in self._connections)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve one websocket from HELLO to its end."""
        socket = web.WebSocketResponse(timeout=CLOSE_SECONDS, heartbeat=None, compress=False, max_msg_size=1 << 20)
        await socket.prepare(request)
        stream = STREAMS.get(request.query.get("compress"), PlainStream)
        connection = Connection(request, socket, stream())
        self._connections.add(connection)
        writer = asyncio.create_task(connection.write())
        try:
            connection.send(HELLO, {"heartbeat_interval": HEARTBEAT_MILLISECONDS})
            connection.reading = asyncio.ensure_future(self._read(connection))
            await asyncio.wait([connection.reading])
            if connection.closed_with is not None:
                await socket.close(code=connection.closed_with)
            else:
                await connection.reading
        except Refused as refused:
            await _drain(connection, writer)
            await socket.close(code=refused.code, message=refused.reason.encode())
        finally:
            writer.cancel()
            if connection.reading is not None:
                connection.reading.cancel()
            self._leave(connection)
            connection.ended.set()
        return socket

    async def drop(self, code: int = 1006) -> None:
        """Cut every connection: with `code` closed properly, by default torn off without a word."""
        for connection in list(self._connections):
            if code == 1006:
                if connection.request.transport is not None:
                    connection.request.transport.abort()
            elif connection.reading is not None:
                # Closed by who reads: closing beside a reader cuts the connection before the other side saw the code.
                connection.closed_with = code
                connection.reading.cancel()
                await connection.ended.wait()
            self._leave(connection)

    def ask_to_reconnect(self) -> None:
        """Send RECONNECT, as Discord does before it moves a bot to another machine."""
        for connection in self._connections:
            connection.send(RECONNECT)

    def invalidate(self, *, resumable: bool = False) -> None:
        """Send INVALID_SESSION; unless `resumable`, the sessions are lost."""
        if not resumable:
            self.lose_sessions()
        for connection in self._connections:
            connection.send(INVALID, resumable)

    def lose_sessions(self) -> None:
        """Forget every session: the next RESUME is refused."""
        self._sessions.clear()

    def _leave(self, connection: Connection) -> None:
        if connection not in self._connections:
            return
        self._connections.discard(connection)
        if connection.session is not None:
            connection.session.left_at = self._world.clock.now()
            connection.session = None
            self._world.emit(Event("BOT_OFFLINE", {}, audience="page"))

    def _tell(self, event: Event) -> None:
        attached = {each.session: each for each in self._connections if each.session is not None}
        for session in list(self._sessions.values()):
            data = session.sees(event)
            if data is None:
                continue
            text = session.dispatch(event.name, data)
            if session in attached:
                attached[session].queue.put_nowait(text)

    async def _read(self, connection: Connection) -> None:
        async for message in connection.socket:
            if message.type is not WSMsgType.TEXT:
                raise Refused(4002, "Error while decoding payload.")
            try:
                payload = json.loads(message.data)
                op, data = payload["op"], payload.get("d")
            except (ValueError, KeyError, TypeError):
                raise Refused(4002, "Error while decoding payload.") from None
            self._take(connection, op, data)

    def _take(self, connection: Connection, op: int, data: Any) -> None:
        if op == HEARTBEAT:
            connection.send(ACK)
        elif op == IDENTIFY:
            self._identify(connection, data)
        elif op == RESUME:
            self._resume(connection, data)
        elif op in (PRESENCE, VOICE, MEMBERS):
            if connection.session is None:
                raise Refused(4003, "Not authenticated.")
            if op == MEMBERS:
                self._chunk(connection, connection.session, data)
        else:
            raise Refused(4001, "Unknown opcode.")

    def _identify(self, connection: Connection, data: Json) -> None:
        world = self._world
        if connection.session is not None:
            raise Refused(4005, "Already authenticated.")
        if data.get("token") != world.application.token:
            raise Refused(4004, "Authentication failed.")
        intents = data.get("intents")
        if not isinstance(intents, int) or intents < 0 or intents >= 1 << 26:
            raise Refused(4013, "Invalid intent(s).")
        if intents & PRIVILEGED & ~world.application.privileged:
            raise Refused(4014, "Disallowed intent(s).")
        self._sessions = {key: each for key, each in self._sessions.items() if not each.lost}
        number, count = data.get("shard") or (0, 1)
        session = Session(world, intents, (number, count))
        self._sessions[session.id] = session
        self._attach(connection, session)
        here = [guild for guild in world.guilds.values() if world.application.bot_id in guild.members]
        guilds = [guild for guild in here if session.serves(guild.id)]
        ready = {
            "v": 10,
            "user": {**user_json(world.user(world.application.bot_id)), "verified": True, "mfa_enabled": True},
            "guilds": [{"id": str(guild.id), "unavailable": True} for guild in guilds],
            "session_id": session.id,
            "resume_gateway_url": RESUME_URL,
            "application": {"id": str(world.application.id), "flags": application_flags(world)},
            "private_channels": [],
        }
        if "shard" in data:
            ready["shard"] = data["shard"]
        connection.queue.put_nowait(session.dispatch("READY", ready))
        for guild in guilds if session.intents & Intents.GUILDS else ():
            shape = guild_create_json(world, guild, all_members=bool(session.intents & Intents.PRESENCES))
            connection.queue.put_nowait(session.dispatch("GUILD_CREATE", shape))

    def _resume(self, connection: Connection, data: Json) -> None:
        if connection.session is not None:
            raise Refused(4005, "Already authenticated.")
        if data.get("token") != self._world.application.token:
            raise Refused(4004, "Authentication failed.")
        session = self._sessions.get(str(data.get("session_id")))
        sequence = data.get("seq") or 0
        if session is not None and sequence > session.sequence:
            raise Refused(4007, "Invalid seq.")
        missed = None if session is None else session.missed(sequence)
        if session is None or missed is None or self._faults.take_refused_resume():
            self._sessions.pop(str(data.get("session_id")), None)
            connection.send(INVALID, False)
            return
        for other in [each for each in self._connections if each.session is session]:
            other.session = None
        self._attach(connection, session)
        for text in missed:
            connection.queue.put_nowait(text)
        connection.queue.put_nowait(session.dispatch("RESUMED", {}))

    def _attach(self, connection: Connection, session: Session) -> None:
        connection.session = session
        session.left_at = None
        self._world.emit(Event("BOT_ONLINE", {"at": iso(self._world.clock.now())}, audience="page"))

    def _chunk(self, connection: Connection, session: Session, data: Json) -> None:
        guild = self._world.guilds.get(int(data.get("guild_id") or 0))
        if guild is None:
            return
        query, limit = data.get("query"), int(data.get("limit") or 0)
        if query == "" and limit == 0 and not session.intents & Intents.MEMBERS:
            raise Refused(4014, "Disallowed intent(s).")
        found, not_found = _matching(guild, data)
        chunks = [found[start : start + _CHUNK] for start in range(0, len(found), _CHUNK)] or [[]]
        for index, chunk in enumerate(chunks):
            shape = {
                "guild_id": str(guild.id),
                "members": chunk,
                "chunk_index": index,
                "chunk_count": len(chunks),
                "not_found": not_found,
            }
            shape |= {"nonce": data["nonce"]} if data.get("nonce") else {}
            connection.queue.put_nowait(session.dispatch("GUILD_MEMBERS_CHUNK", shape))


def application_flags(world: World) -> int:
    """The flags that say which privileged intents a small bot has switched on."""
    flags = 0
    for intent, flag in ((Intents.PRESENCES, 1 << 13), (Intents.MEMBERS, 1 << 15), (Intents.MESSAGE_CONTENT, 1 << 19)):
        flags |= flag if world.application.privileged & intent else 0
    return flags


def _matching(guild: Guild, data: Json) -> tuple[list[Json], list[str]]:
    ids = data.get("user_ids")
    if ids is not None:
        wanted = [int(each) for each in (ids if isinstance(ids, list) else [ids])]
        found = [member_json(guild.members[each]) for each in wanted if each in guild.members]
        return found, [str(each) for each in wanted if each not in guild.members]
    query, limit = str(data.get("query") or "").lower(), int(data.get("limit") or 0)
    members = [each for each in guild.members.values() if each.user.name.lower().startswith(query)]
    return [member_json(each) for each in (members[:limit] if limit else members)], []


async def _drain(connection: Connection, writer: asyncio.Task[None]) -> None:
    connection.queue.put_nowait(None)
    with contextlib.suppress(asyncio.CancelledError):
        await writer
