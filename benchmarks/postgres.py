"""A PostgreSQL server that is thrown away at the end, and empty databases in it, for benchmarks and fault tests."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import pwd
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
    with tempfile.TemporaryDirectory(prefix="areaclienti-postgres-") as folder, _own_server(Path(folder)) as url:
        yield url


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


@contextlib.contextmanager
def _own_server(folder: Path) -> Iterator[str]:
    programs, owner = _programs(), _owner()
    data, (port,) = folder / "data", free_ports(1)
    if owner:
        shutil.chown(folder, owner["user"], owner["group"])
    initdb = [programs / "initdb", "-D", data, "-U", "areaclienti", "-A", "trust", "-E", "UTF8", "--no-locale", "-N"]
    subprocess.run(initdb, cwd=folder, check=True, stdout=subprocess.DEVNULL, **owner)
    with (folder / "server.log").open("wb") as log:
        command: list[str | Path] = [programs / "postgres", "-D", data, "-p", str(port), "-k", folder]
        for setting in ("listen_addresses=127.0.0.1", "max_connections=300", "fsync=off"):
            command += ["-c", setting]
        server = subprocess.Popen(
            command,
            cwd=folder,
            stdout=log,
            stderr=log,
            preexec_fn=_die_with_parent,
            **owner,
        )
    try:
        _wait_until_up(programs, port, server)
        url = f"postgresql+asyncpg://areaclienti@127.0.0.1:{port}"
        _execute(f"{url}/postgres", "CREATE DATABASE areaclienti")
        yield f"{url}/areaclienti"
    finally:
        server.send_signal(signal.SIGINT)  # "fast shutdown": open connections are ended
        server.wait()


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
