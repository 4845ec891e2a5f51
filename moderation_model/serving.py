"""The server's process: socket, ready line, signals, and its end when its parent ends."""

from __future__ import annotations

import gc
import json
import logging
import os
import signal
import socket
import ssl
import sys
import threading
from collections.abc import Callable
from functools import partial
from types import FrameType

import uvicorn
from fastapi import FastAPI

from moderation_model.backends import Classifier
from moderation_model.doors import Connections, GuardedProtocol, TlsDoor, check
from moderation_model.errors import ModelUnavailable
from moderation_model.language import load_detector
from moderation_model.memory import return_freed_memory
from moderation_model.model_threads import cores_of
from moderation_model.server import ServerConfig, build_app

DRAIN_SECONDS = 10
"""How long requests under way may take to end after a signal or after standard input closed."""
SWITCH_SECONDS = 0.0005
"""After so long the event loop hands the interpreter to a model that runs in one thread: on a graphics card, and one of
another maker, it wants it after every operation and with Python's 5 ms stands still meanwhile. Passes that each keep to
a core want it twice; for them 5 ms is better (680 messages/s: p99 59 instead of 449 ms)."""


def run(config: ServerConfig, load: Callable[[], Classifier]) -> None:
    """Loads the model, serves until told to stop, drains, returns. Prints one JSON line once it takes requests.

    Raises Unauthorised before anything is loaded if strangers could reach it, BadModelFolder, and ModelUnavailable if
    the address cannot be listened on or the certificate cannot be used.
    """
    check(config.host, config.token)
    _context(config)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    return_freed_memory()
    signal.signal(signal.SIGTERM, _leave)
    stop = _Stop()
    if config.exit_on_stdin_close:
        threading.Thread(target=_watch_stdin, args=(stop,), daemon=True, name="stdin").start()
    with _listen(config.host, config.port, reuse=config.reuse_port) as listener:
        classifier = load()
        if cores_of(classifier) == 1:
            sys.setswitchinterval(SWITCH_SECONDS)
        app = build_app(config, classifier)
        server = _Server(
            settings(app, config),
            ready=_ready_line(listener, classifier),
        )
        stop.server = server
        server.run(sockets=[listener])


def settings(app: FastAPI, config: ServerConfig) -> uvicorn.Config:
    """How HTTP is spoken: plain requests alone, no line a request in the log, and nobody's word on who calls. Raises
    ModelUnavailable if the certificate cannot be used.
    """
    connections, context = Connections(config.most_connections), _context(config)
    door = partial(TlsDoor, connections, context) if context else partial(GuardedProtocol, connections)
    return uvicorn.Config(
        app,
        # A class or what makes one of its kind: uvicorn calls it with its own arguments for each connection.
        http=door,  # pyright: ignore[reportArgumentType]
        lifespan="on",
        ws="none",
        access_log=False,
        proxy_headers=False,
        log_config=None,
        log_level="warning",
        server_header=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )


def _context(config: ServerConfig) -> ssl.SSLContext | None:
    """What TLS is spoken with, if it is. Raises ModelUnavailable with one sentence where it could not be."""
    if config.certfile is None and config.keyfile is None:
        return None
    if config.certfile is None:
        raise ModelUnavailable("A key alone is no way to speak TLS: add --certfile.")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(config.certfile, config.keyfile, password=lambda: "")
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise ModelUnavailable(
            f"The certificate {config.certfile} cannot be used ({getattr(error, 'strerror', None) or error}). It and "
            "its key, which has no password, must be in PEM form."
        ) from None
    return context


class _Stop:
    """What standard input's end stops: the server once there is one, before that the process."""

    server: uvicorn.Server | None = None

    def __call__(self) -> None:
        if self.server is None:
            os._exit(0)
        self.server.should_exit = True
        last_resort = threading.Timer(2 * DRAIN_SECONDS, os._exit, (1,))  # a hung model must not outlive the bot
        last_resort.daemon = True
        last_resort.start()


class _Server(uvicorn.Server):
    """Says on standard output that it takes requests."""

    def __init__(self, config: uvicorn.Config, *, ready: str) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        # What stands now stands for good; else every full collection stops the event loop for 50 ms to look through it.
        gc.collect()
        gc.freeze()
        sys.stdout.write(self._ready + "\n")
        sys.stdout.flush()
        # Not before: nobody shall wait for it, and the first foreign text shall not stop the event loop for a second.
        threading.Thread(target=load_detector, name="languages").start()


def _ready_line(listener: socket.socket, classifier: Classifier) -> str:
    port, version = listener.getsockname()[1], classifier.info.version
    return json.dumps({"ready": True, "port": port, "pid": os.getpid(), "version": version})


def _listen(host: str, port: int, *, reuse: bool) -> socket.socket:
    """A bound socket; with `reuse` beside that of another server of this user that asked for it, too.

    Raises ModelUnavailable with a sentence.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        listener = socket.socket(found[0][0], socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if reuse:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind(found[0][4])
    except OSError as error:
        raise ModelUnavailable(f"Cannot listen on {host} port {port}: {error.strerror}.") from None
    return listener


def _watch_stdin(stop: Callable[[], None]) -> None:
    """Calls `stop` when standard input ends. Reads the descriptor itself: a blocked reader object hinders the exit."""
    try:
        while os.read(0, 4096):
            pass
    except OSError:  # closed from the start: nobody holds the other end
        pass
    stop()


def _leave(_: int, __: FrameType | None) -> None:
    """SIGTERM while loading, and uvicorn's repetition of it after draining: the process ends, and ends well."""
    raise SystemExit(0)
