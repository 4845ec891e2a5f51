"""What strangers can do to a model server that others reach: little, and not for long. The bot is not hindered."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import httpx
import pytest
from uvicorn.server import ServerState

from moderation_model import doors
from moderation_model.client import ModelClient
from moderation_model.coalescing import CoalescingClient
from moderation_model.errors import ModelOverloaded
from moderation_model.serve_verbs import serve
from moderation_model.server import ServerConfig, build_app
from moderation_model.serving import settings
from tests.model.serving_fakes import FakeClassifier
from tests.model.test_server import NO_EXPLAINER

TOKEN = "a token that only tests use"
RIGHT, WRONG = {"Authorization": f"Bearer {TOKEN}"}, {"Authorization": "Bearer guessed"}
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


def test_the_command_line_sets_the_same_bounds_as_everything_else() -> None:
    options = inspect.signature(serve).parameters
    bounds = options["most_connections"].default, options["most_a_second"].default
    assert bounds == (ServerConfig().most_connections, ServerConfig().most_a_second)


@asynccontextmanager
async def application(**chosen: float) -> AsyncIterator[httpx.ASGITransport]:
    """The application as 10.0.0.5 sees it."""
    config = ServerConfig(token=TOKEN, explainer_command=NO_EXPLAINER, **chosen)  # pyright: ignore[reportArgumentType]
    app = build_app(config, FakeClassifier())
    async with app.router.lifespan_context(app):
        yield httpx.ASGITransport(app, client=("10.0.0.5", 5000))


def client_of(transport: httpx.ASGITransport, address: str = "10.0.0.5") -> httpx.AsyncClient:
    own = httpx.ASGITransport(transport.app, client=(address, 5000))
    return httpx.AsyncClient(transport=own, base_url="http://model")


async def test_too_many_requests_of_one_machine_are_refused_with_the_time_to_come_back() -> None:
    async with application(most_a_second=5) as transport, client_of(transport) as eager:
        answers = [await eager.get("/v1/model", headers=RIGHT) for _ in range(8)]
        assert [answer.status_code for answer in answers][:5] == [200] * 5
        assert answers[-1].status_code == 503
        assert answers[-1].headers["Retry-After"] == "1"
        assert answers[-1].json() == {"error": "Too many requests came from there. Try again in 1 s."}
        async with client_of(transport, "10.0.0.6") as other:
            assert (await other.get("/v1/model", headers=RIGHT)).status_code == 200


async def test_who_has_no_token_takes_nothing_from_who_has_it_at_the_same_address() -> None:
    async with application(most_a_second=5) as transport, client_of(transport) as both:
        statuses = [(await both.get("/v1/model", headers=WRONG)).status_code for _ in range(8)]
        assert statuses[:5] == [401] * 5
        assert statuses[-1] == 503
        assert (await both.get("/v1/model", headers=RIGHT)).status_code == 200


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
async def test_the_same_machine_may_ask_as_often_as_it_likes(address: str) -> None:
    async with application(most_a_second=1) as transport, client_of(transport, address) as bot:
        answers = [await bot.post("/v1/classify", json={"texts": ["a"]}, headers=RIGHT) for _ in range(50)]
    assert {answer.status_code for answer in answers} == {200}


async def test_the_bots_client_waits_where_it_asked_too_often_and_every_message_is_scored() -> None:
    async with application(most_a_second=4) as transport:
        bot = CoalescingClient("https://model", token=TOKEN, transport=transport)
        found = await asyncio.gather(*(bot.classify([f"message {number}"]) for number in range(300)))
        await bot.aclose()
    assert len(found) == 300
    assert all(len(predictions) == 1 for predictions in found)


@pytest.mark.parametrize("headers", [{"Retry-After": "0"}, {}])
@pytest.mark.parametrize("sentence", [{"error": "Slowly."}, None])
async def test_a_proxy_that_says_429_is_waited_for_like_a_busy_server(
    headers: dict[str, str], sentence: object
) -> None:
    refused = httpx.MockTransport(lambda _: httpx.Response(429, headers=headers, json=sentence))
    client = ModelClient("https://model", transport=refused, timeout=0.5)
    with pytest.raises(ModelOverloaded):
        await client.classify(["a"])


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Host": "rebound.evil.example:8765"},
        {"Host": "evil.example"},
        {"Host": ""},
    ],
)
async def test_a_server_without_a_token_answers_no_web_page_that_a_browser_shows_here(headers: dict[str, str]) -> None:
    app = build_app(ServerConfig(explainer_command=NO_EXPLAINER), FakeClassifier())
    async with app.router.lifespan_context(app):
        for host in ("127.0.0.1", "localhost:8765", "[::1]:8765"):
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=f"http://{host}") as own:
                assert (await own.get("/v1/model")).status_code == 200
                refused = await own.post("/v1/rollback", headers=headers)
                assert refused.status_code == 401
                assert "no web page" in refused.json()["error"]
                assert (await own.get("/healthz", headers=headers)).json() == {"ready": True}


@asynccontextmanager
async def listening(**chosen: int) -> AsyncIterator[int]:
    """An application behind a real socket, as it is served; its port."""
    config = ServerConfig(token=TOKEN, explainer_command=NO_EXPLAINER, **chosen)  # pyright: ignore[reportArgumentType]
    app = build_app(config, FakeClassifier())
    spoken, state = settings(app, config), ServerState()
    spoken.load()

    def connected() -> asyncio.Protocol:
        return spoken.http_protocol_class(config=spoken, server_state=state, app_state={})  # pyright: ignore

    async with app.router.lifespan_context(app):
        server = await asyncio.get_running_loop().create_server(connected, "127.0.0.1", 0)
        yield server.sockets[0].getsockname()[1]
        server.close()


@pytest.fixture
def as_strangers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever connects counts as another machine, and is waited for 0.05 s."""
    monkeypatch.setattr(doors, "is_loopback", lambda host: False)
    monkeypatch.setattr(doors, "SECONDS", dict.fromkeys(doors.SECONDS, 0.05))


async def exchange(port: int, *pieces: bytes) -> bytes:
    """What comes back until the other end closes; at most that long the last piece is sent again and again."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for piece in pieces:
        writer.write(piece)
    answer = asyncio.create_task(reader.read())
    while pieces and not answer.done():
        writer.write(pieces[-1])
        await asyncio.wait([answer], timeout=0.005)
    with suppress(ConnectionError):
        await answer
    writer.close()
    return b"" if answer.exception() else answer.result()


POST = b"POST /v1/classify HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n"
LONG = POST + b"Content-Length: 1000000\r\n\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.usefixtures("as_strangers")
@pytest.mark.parametrize(
    "sent",
    [
        (),
        (b"GET /healthz HTTP/1.1\r\nHost: x\r\n", b"X: y\r\n"),
        (LONG % TOKEN.encode(), b"{"),
        (CHUNKED % TOKEN.encode(), b"1\r\n{\r\n"),
    ],
    ids=["nothing", "lines one by one", "a body byte by byte", "chunks without an end"],
)
async def test_who_sends_a_request_without_an_end_is_hung_up_on(sent: tuple[bytes, ...]) -> None:
    async with listening() as port, asyncio.timeout(20):
        assert await exchange(port, *sent) == b""


@pytest.mark.usefixtures("as_strangers")
async def test_who_is_refused_may_read_why_and_is_hung_up_on_even_if_the_body_never_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(doors.SECONDS, "body", 3600.0)
    async with listening() as port, asyncio.timeout(20):
        answer = await exchange(port, LONG % b"guessed", b"{")
        assert answer.startswith(b"HTTP/1.1 401 ")
        assert b"The bearer token is missing or wrong." in answer


@pytest.mark.usefixtures("as_strangers")
@pytest.mark.parametrize(
    ("asked", "late"),
    [
        (b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", b""),
        (POST % b"guessed" + b"Content-Length: 3\r\n\r\n{", b"}}"),
    ],
    ids=["after an answer", "after a refusal and the rest of its body"],
)
async def test_who_sends_empty_lines_instead_of_the_next_request_is_hung_up_on(
    asked: bytes, late: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(doors.SECONDS, "rest", 3600.0)
    async with listening() as port, asyncio.timeout(20):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(asked)
        assert (await reader.readuntil(b"}")).startswith(b"HTTP/1.1 ")
        writer.write(late)
        ended = asyncio.create_task(reader.read())
        while not ended.done():
            writer.write(b"\r\n")
            await asyncio.wait([ended], timeout=0.005)
        writer.close()


@pytest.mark.usefixtures("as_strangers")
async def test_a_connection_that_is_used_again_is_not_hung_up_on_between_its_requests(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(doors, "SECONDS", {"head": 1.0, "body": 1.0, "rest": 0.0})
    async with listening() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(5):
            for piece in (b"GET /healthz HT", b"TP/1.1\r\nHost: x\r\n\r\n"):
                writer.write(piece)
                await writer.drain()
            answer = await reader.readuntil(b"}")
            assert answer.endswith(b'{"ready":true}')
        writer.close()


@pytest.mark.parametrize("endless", [b"X: " + b"a" * 1000 + b"\r\n", b"a" * 1000], ids=["many lines", "one long line"])
async def test_lines_before_the_body_that_never_end_are_cut_off_whoever_sends_them(endless: bytes) -> None:
    async with listening() as port:
        answer = await exchange(port, b"GET /healthz HTTP/1.1\r\nY: ", endless)
    assert answer == b"" or (answer.startswith(b"HTTP/1.1 431 ") and b"longer than 32 KiB" in answer)


@pytest.mark.usefixtures("as_strangers")
@pytest.mark.parametrize("most", [2, 12])
async def test_more_connections_than_one_machine_may_have_are_refused_until_some_are_closed(
    most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(doors.SECONDS, "head", 3600.0)
    async with listening(most_connections=most) as port:
        first = [await asyncio.open_connection("127.0.0.1", port) for _ in range(max(1, most // 4))]
        answer = await exchange(port)
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert b"\r\nRetry-After: 5\r\n" in answer
        assert b'{"error": "Too many connections are open. Try again in a few seconds."}' in answer
        for _, writer in first:
            writer.close()
            await writer.wait_closed()
        answers = [await exchange(port, HEALTH) for _ in range(20)]  # the first may come before the others are gone
    assert answers[-1].startswith(b"HTTP/1.1 200 ")


async def test_the_bot_beside_the_server_may_open_and_ask_as_much_as_it_likes() -> None:
    async with listening(most_connections=1, most_a_second=1) as port:
        limits = httpx.Limits(max_connections=64)
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=RIGHT, limits=limits) as bot:
            asked = (bot.post("/v1/classify", json={"texts": [f"m {number}"]}) for number in range(80))
            answers = await asyncio.gather(*asked)
    assert {answer.status_code for answer in answers} == {200}


@pytest.mark.usefixtures("as_strangers")
async def test_a_body_over_the_limit_is_refused_before_it_is_read() -> None:
    async with listening() as port:
        answer = await exchange(port, (LONG % TOKEN.encode()).replace(b"1000000", b"2000000"))
    assert answer == b"" or (answer.startswith(b"HTTP/1.1 413 ") and b"larger than 1 MiB" in answer)
