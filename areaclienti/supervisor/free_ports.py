"""Loopback ports to listen on, for those who run the product beside others: tests and benchmarks."""

from __future__ import annotations

import errno
import fcntl
import itertools
import os
import random
import socket
import tempfile
from pathlib import Path
from typing import IO

_FIRST_PORT = 20_000
_reserved: list[IO[str]] = []


def free_ports(count: int) -> list[int]:
    """Return that many loopback ports that nobody listens on, and that nobody else is given while this process lives.

    Not the kernel's choice: between the choice and the listening it gives the same port to somebody's outgoing
    connection. Raises `OSError` when no port is free.
    """
    candidates = list(range(_FIRST_PORT, max(_first_outgoing_port(), _FIRST_PORT + 1_000)))
    random.SystemRandom().shuffle(candidates)
    found = list(itertools.islice((port for port in candidates if _can_listen(port) and _reserve(port)), count))
    if len(found) < count:
        raise OSError(errno.EADDRINUSE, f"fewer than {count} ports are free")
    return found


def _first_outgoing_port() -> int:
    try:
        return int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text(encoding="ascii").split()[0])
    except OSError:  # not Linux
        return 32_768


def _can_listen(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _reserve(port: int) -> bool:
    folder = Path(tempfile.gettempdir()) / f"areaclienti-ports-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    lock = (folder / str(port)).open("a", encoding="ascii")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return False
    _reserved.append(lock)  # the kernel gives it back when the process ends
    return True
