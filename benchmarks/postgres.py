"""A PostgreSQL server that is thrown away at the end, and empty databases in it, for benchmarks and fault tests."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import pwd
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import psutil

from areaclienti.supervisor.free_ports import free_ports

SERVER_SETTING = "AREACLIENTI_TEST_POSTGRES_URL"
_START_SECONDS = 30
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


class PostgresMissing(Exception):
    """PostgreSQL is neither named in AREACLIENTI_TEST_POSTGRES_URL nor installed here."""


@contextlib.contextmanager
def postgres_server() -> Iterator[str]:
    """Yield the SQLAlchemy URL (`postgresql+asyncpg://…`) of a server's first database.

    It is the server of AREACLIENTI_TEST_POSTGRES_URL if that is set. Otherwise one is started on a free loopback port
    with its data in a temporary folder, and both are gone at the end, also when this process is killed. It doesn't
    fsync: the processes under test may be killed, this server is not. Raises `PostgresMissing`.
    """
    named = os.environ.get(SERVER_SETTING)
    if named:
        yield named
        return
    with own_server() as server:
        yield server.url


@contextlib.contextmanager
def empty_database(server_url: str) -> Iterator[str]:
    """Yield the URL of a new, empty database of the server; it is dropped at the end, with whoever is connected.

    Must not be called inside a running event loop.
    """
    name = f"areaclienti_{uuid.uuid4().hex}"
    _execute(server_url, f"CREATE DATABASE {name}")
    try:
        yield f"{server_url.rpartition('/')[0]}/{name}"
    finally:
        _execute(server_url, f"DROP DATABASE {name} WITH (FORCE)")


class OwnServer:
    """A server of this harness alone, which may be killed and started again; what was committed is there again.

    Raises `PostgresMissing`.
    """

    def __init__(self, folder: Path) -> None:
        self._programs, self._owner = _programs(), _owner()
        self._folder, self._data, (self._port,) = folder, folder / "data", free_ports(1)
        self._server: subprocess.Popen[bytes] | None = None
        self.url = f"postgresql+asyncpg://areaclienti@127.0.0.1:{self._port}/areaclienti"

    def create(self) -> None:
        """Make its files, start it, and make its first database."""
        if self._owner:
            shutil.chown(self._folder, self._owner["user"], self._owner["group"])
        access = ["-U", "areaclienti", "-A", "trust", "-E", "UTF8", "--no-locale", "-N"]
        initdb = [self._programs / "initdb", "-D", self._data, *access]
        subprocess.run(initdb, cwd=self._folder, check=True, stdout=subprocess.DEVNULL, **self._owner)
        self.start()
        _execute(f"{self.url.rpartition('/')[0]}/postgres", "CREATE DATABASE areaclienti")

    def start(self) -> None:
        """Start it and wait until it takes connections."""
        command: list[str | Path] = [self._programs / "postgres", "-D", self._data, "-p", str(self._port)]
        command += ["-k", self._folder]
        for setting in ("listen_addresses=127.0.0.1", "max_connections=300", "fsync=off"):
            command += ["-c", setting]
        with (self._folder / "server.log").open("ab") as log:
            self._server = subprocess.Popen(
                command,
                cwd=self._folder,
                stdout=log,
                stderr=log,
                preexec_fn=_die_with_parent,
                **self._owner,
            )
        _wait_until_up(self._programs, self._port, self._server)

    def kill(self) -> None:
        """kill -9 for all its processes at once."""
        assert self._server is not None, "not started"
        family = [*psutil.Process(self._server.pid).children(recursive=True), psutil.Process(self._server.pid)]
        for process in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self._server.wait()
        psutil.wait_procs(family, timeout=_START_SECONDS)

    def kill_one(self, chance: random.Random) -> None:
        """kill -9 for one of the processes that serve a client: the server ends all others and recovers by itself."""
        assert self._server is not None, "not started"
        serving = [
            process
            for process in psutil.Process(self._server.pid).children()
            if any("127.0.0.1" in part for part in process.cmdline())
        ]
        if not serving:
            self.kill()
            self.start()
            return
        chance.choice(serving).kill()
        _wait_until_up(self._programs, self._port, self._server)

    def stop(self) -> None:
        """End it in good order."""
        if self._server is not None and self._server.poll() is None:
            self._server.send_signal(signal.SIGINT)  # "fast shutdown": open connections are ended
            self._server.wait()


@contextlib.contextmanager
def own_server() -> Iterator[OwnServer]:
    """Yield a server of this harness; it and its data are gone at the end, also when this process is killed."""
    with tempfile.TemporaryDirectory(prefix="areaclienti-postgres-") as folder:
        server = OwnServer(Path(folder))
        try:
            server.create()
            yield server
        finally:
            server.stop()


def _programs() -> Path:
    """The folder of PostgreSQL's programs: Debian's newest, or what the PATH finds."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    found = str(debian[-1]) if debian else shutil.which("initdb")
    if not found:
        raise PostgresMissing(f"PostgreSQL is missing: install it, or name a server in {SERVER_SETTING}")
    return Path(found).parent


def _owner() -> dict[str, Any]:
    """Whom the server runs as, for subprocess: PostgreSQL refuses to be root."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            found = pwd.getpwnam(name)
            return {"user": found.pw_uid, "group": found.pw_gid, "extra_groups": []}
    raise PostgresMissing("PostgreSQL can't run as root, and there is neither a user postgres nor nobody")


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0)


def _wait_until_up(programs: Path, port: int, server: subprocess.Popen[bytes]) -> None:
    asking = [programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port), "-t", "1"]
    until = time.monotonic() + _START_SECONDS
    while server.poll() is None and time.monotonic() < until:
        if subprocess.run(asking, check=False).returncode == 0:
            return
        time.sleep(0.1)
    raise RuntimeError("PostgreSQL did not come up")


def _execute(url: str, statement: str) -> None:
    async def run() -> None:
        connection = await asyncpg.connect(url.replace("postgresql+asyncpg://", "postgresql://"))
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    asyncio.run(run())
