"""A model server in a process of its own, with the weights in the box, as the bot starts it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

from moderation_model.client import ModelClient
from moderation_model.errors import ExplainerUnavailable

LONG = (
    "you never help anybody on this server and everyone knows it, so please do us all a favour, shut up and leave, you "
    "worthless clown of a player"
)
"""What is explained."""
PATIENCE = 120.0
"""Seconds for the explainer to start: on a busy machine that takes longer than a request may."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server that is ready; `seconds` after its start."""

    port: int
    pid: int
    seconds: float

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def cpu(self) -> float:
        """CPU seconds that it has used, its explainer apart."""
        used = psutil.Process(self.pid).cpu_times()
        return used.user + used.system


@contextmanager
def served(*options: str) -> Iterator[Server]:
    """A server, `options` besides; it ends with the context."""
    command = [sys.executable, "-m", "moderation_model", "serve", "--port", "0", "--exit-on-stdin-close", *options]
    started = time.perf_counter()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            ready = json.loads(process.stdout.readline())
            yield Server(ready["port"], ready["pid"], time.perf_counter() - started)
        finally:
            process.stdin.close()


async def until_explains(client: ModelClient) -> None:
    """Asks until the first explanation comes. Raises ExplainerUnavailable if none has after `PATIENCE` seconds."""
    started = time.perf_counter()
    while True:
        try:
            await client.explain(LONG)
            return
        except ExplainerUnavailable:
            if time.perf_counter() - started > PATIENCE:
                raise
