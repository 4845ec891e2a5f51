"""A model server on another machine is asked over TLS: it shows its certificate, and the bot believes no other."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trustme
import uvicorn
import uvloop
from uvicorn.server import ServerState

from moderation_model import doors
from moderation_model.client import ModelClient
from moderation_model.errors import ModelUnavailable
from moderation_model.server import ServerConfig, build_app
from moderation_model.serving import settings
from tests.model.serving_fakes import FakeClassifier
from tests.model.test_doors import HEALTH
from tests.model.test_serve_process import refused, serving
from tests.model.test_server import NO_EXPLAINER

TOKEN = "a token that only tests use"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def pems(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ca.pem, cert.pem, key.pem, and other.pem of an authority that nobody asked."""
    folder = tmp_path_factory.mktemp("pems")
    issued = authority.issue_cert("127.0.0.1")
    authority.cert_pem.write_to_path(folder / "ca.pem")
    trustme.CA().cert_pem.write_to_path(folder / "other.pem")
    issued.private_key_pem.write_to_path(folder / "key.pem")
    for blob in issued.cert_chain_pems:
        blob.write_to_path(folder / "cert.pem", append=True)
    return folder


async def test_messages_go_encrypted_to_a_server_that_the_authority_vouches_for(
    pems: Path, tiny_model_dir: Path
) -> None:
    options = ("--certfile", str(pems / "cert.pem"), "--keyfile", str(pems / "key.pem"))
    with serving(tiny_model_dir, *options, token=TOKEN) as server:
        address = server.url.replace("http:", "https:")
        bot = ModelClient(address, token=TOKEN, ca=pems / "ca.pem", timeout=60)
        assert len(await bot.classify(["hello", "you clown"])) == 2
        for ca, url in ((pems / "other.pem", address), (None, address), (None, server.url)):
            other = ModelClient(url, token=TOKEN, ca=ca, timeout=60)
            with pytest.raises(ModelUnavailable):
                await other.classify(["hello"])
            await other.aclose()
        await bot.aclose()


def test_a_certificate_that_cannot_be_used_is_refused_with_one_sentence_before_the_model_is_loaded(pems: Path) -> None:
    none = str(pems / "missing.pem")
    for options in (
        ("--certfile", none, "--keyfile", none),
        ("--certfile", str(pems / "cert.pem"), "--keyfile", str(pems / "ca.pem")),
        ("--certfile", str(pems / "cert.pem")),
        ("--keyfile", str(pems / "key.pem")),
    ):
        code, says = refused("--port", "0", *options)
        assert code == 1
        assert len(says.strip().splitlines()) == 1, says
        assert "--certfile" in says or "in PEM form" in says


@asynccontextmanager
async def listening(pems: Path, most: int) -> AsyncIterator[int]:
    """An application behind TLS, as uvicorn serves it; its port."""
    config = ServerConfig(
        token=TOKEN,
        explainer_command=NO_EXPLAINER,
        most_connections=most,
        certfile=pems / "cert.pem",
        keyfile=pems / "key.pem",
    )
    app = build_app(config, FakeClassifier())
    spoken: uvicorn.Config = settings(app, config)
    spoken.load()
    state = ServerState()

    def connected() -> asyncio.Protocol:
        return spoken.http_protocol_class(config=spoken, server_state=state, app_state={})  # pyright: ignore

    async with app.router.lifespan_context(app):
        server = await asyncio.get_running_loop().create_server(connected, "127.0.0.1", 0, ssl=spoken.ssl)
        yield server.sockets[0].getsockname()[1]
        server.close()


async def asked(port: int, pems: Path) -> bytes:
    """What comes back for a whole request, nothing if it was hung up on."""
    trusting = ssl.create_default_context(cafile=pems / "ca.pem")
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trusting)
        writer.write(HEALTH)
        answer = await reader.read()
        writer.close()
    except OSError:
        return b""
    return answer


async def is_hung_up_on(reader: asyncio.StreamReader) -> bool:
    try:
        return await reader.read() == b""
    except ConnectionError:
        return True


async def silent_ones_are_counted(pems: Path) -> None:
    async with listening(pems, 8) as port, asyncio.timeout(20):
        silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        for _ in range(3):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            assert await is_hung_up_on(reader)
            writer.close()
        assert await asked(port, pems) == b""
        for _, writer in silent:
            writer.write(b"no TLS at all\r\n\r\n")
        for reader, writer in silent:
            await reader.read()  # TLS may say in an alert what it thinks of that
            writer.close()
        for _ in range(20):  # each takes its place and gives it back
            assert (await asked(port, pems)).startswith(b"HTTP/1.1 200 ")


async def silent_ones_are_hung_up_on(pems: Path) -> None:
    async with listening(pems, 400) as port, asyncio.timeout(20):
        silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(50)]
        for reader, writer in silent:
            assert await is_hung_up_on(reader)
            writer.close()


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def test_connections_count_before_they_shake_hands(pems: Path, loop: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doors, "is_loopback", lambda host: False)
    monkeypatch.setattr(doors, "SECONDS", dict.fromkeys(doors.SECONDS, 3600.0))
    with asyncio.Runner(loop_factory=loop) as runner:  # pyright: ignore[reportArgumentType]
        runner.run(silent_ones_are_counted(pems))


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def test_who_never_shakes_hands_is_hung_up_on(pems: Path, loop: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doors, "SECONDS", dict.fromkeys(doors.SECONDS, 0.05))
    with asyncio.Runner(loop_factory=loop) as runner:  # pyright: ignore[reportArgumentType]
        runner.run(silent_ones_are_hung_up_on(pems))
