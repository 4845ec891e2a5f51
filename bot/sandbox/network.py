"""The way to the sandbox: TLS under Discord's names on loopback, and a connector that leads nowhere else."""

from __future__ import annotations

import errno
import socket
import ssl
from typing import Any

import aiohttp
import trustme
from aiohttp.abc import AbstractResolver, ResolveResult

HOSTS = (
    "discord.com",
    "gateway.discord.gg",
    "gateway-us-east1-b.discord.gg",
    "cdn.discordapp.com",
    "media.discordapp.net",
)
LOOPBACK = "127.0.0.1"


class Certificates:
    """An authority that lives in this process, and the certificate for Discord's hosts that it signed."""

    def __init__(self) -> None:
        self._authority = trustme.CA()
        self._certificate = self._authority.issue_cert(*HOSTS)

    def server(self) -> ssl.SSLContext:
        """What the sandbox listens with."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._certificate.configure_cert(context)
        return context

    def client(self) -> ssl.SSLContext:
        """What trusts this sandbox and nothing else."""
        return trusting(self.authority)

    @property
    def authority(self) -> str:
        """The authority's certificate as PEM, for a client in another process."""
        return self._authority.cert_pem.bytes().decode("ascii")


def trusting(authority: str) -> ssl.SSLContext:
    """What trusts the sandbox whose authority that is (PEM), and nothing else."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=authority)
    return context


class SandboxResolver(AbstractResolver):
    """Maps Discord's hosts to the loopback port. Raises OSError for every other host."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The one address there is."""
        if host not in HOSTS:
            raise _refusal(host)
        return [ResolveResult(hostname=host, host=LOOPBACK, port=self._port, family=socket.AF_INET, proto=0, flags=0)]

    async def close(self) -> None:
        """Nothing is held."""


def _refusal(host: str) -> OSError:
    return OSError(errno.EHOSTUNREACH, f"The sandbox leads to Discord's hosts only; {host} is refused")


def connector(port: int, trusted: ssl.SSLContext) -> aiohttp.TCPConnector:
    """A connector for discord.py to the sandbox at `port`."""

    def loopback_only(address: Any) -> socket.socket:
        # Addresses given as numbers never meet the resolver.
        family, kind, protocol, _, target = address
        if target[:2] != (LOOPBACK, port):
            raise _refusal(target[0])
        return socket.socket(family, kind, protocol)

    return aiohttp.TCPConnector(
        resolver=SandboxResolver(port), ssl=trusted, use_dns_cache=False, limit=0, socket_factory=loopback_only
    )
