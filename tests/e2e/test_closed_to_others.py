"""What others on the machine, and web pages in a browser there, cannot reach: files, ports and pages."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import aiohttp
import pytest

from bot.health import HealthServer, Metrics
from bot.sandbox.sandbox import Sandbox

ROOT = Path(__file__).parents[2]


def test_nobody_else_can_look_into_what_the_bot_writes(tmp_path: Path) -> None:
    folder = tmp_path / "var"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CANDOR_")}
    environment |= {"CANDOR_DATA_DIR": str(folder), "PYTHONPATH": str(ROOT)}
    command = f"umask 022; exec {sys.executable} -m bot migrate"
    subprocess.run(["sh", "-c", command], env=environment, cwd=tmp_path, check=True, capture_output=True, timeout=100)
    written = {folder, *folder.rglob("*")}
    assert {path.name for path in written} >= {"var", "candor.db", "candor.key"}
    assert [path for path in written if stat.S_IMODE(path.stat().st_mode) & 0o077] == []


def answers(address: str, port: int) -> bool:
    """Whether something listens there."""
    with socket.socket() as probe:
        probe.settimeout(5)
        return probe.connect_ex((address, port)) == 0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has more than one loopback address")
async def test_health_and_sandbox_listen_on_one_loopback_address_alone(sandbox: Sandbox) -> None:
    health = HealthServer(Metrics(), port=0, state=dict)
    await health.start()
    page = int(sandbox.page_url.rstrip("/").rpartition(":")[2])
    for port in (health.port or 0, page):
        assert answers("127.0.0.1", port)
        assert not answers("127.0.0.2", port)  # whoever listens everywhere answers here, too
    await health.stop()


@pytest.mark.parametrize(
    "headers", [{"Host": "rebound.evil.example"}, {"Origin": "https://evil.example"}, {"Origin": "null"}]
)
async def test_the_sandbox_answers_no_page_but_its_own(sandbox: Sandbox, headers: dict[str, str]) -> None:
    async with aiohttp.ClientSession() as browser:
        async with browser.get(sandbox.page_url) as own:
            assert own.status == 200
        async with browser.get(sandbox.page_url, headers=headers) as other:
            assert other.status == 403
