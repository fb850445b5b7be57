"""Ports for a product of one's own: nobody else gets them between the choice and the listening."""

from __future__ import annotations

import socket
import subprocess
import sys

from areaclienti.supervisor.free_ports import free_ports

_ASK = "from areaclienti.supervisor import free_ports; {first}; print(*free_ports.free_ports(1))"


def _given_elsewhere(only: int | None = None) -> str:
    """The port that another process is given, `only` this one standing to choice, or the error that it ends with."""
    ask = _ASK.format(first="pass" if only is None else f"free_ports.range = lambda *_: [{only}]")
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=False)
    return (done.stdout or done.stderr).strip()


def test_the_ports_differ_and_can_be_listened_on() -> None:
    ports = free_ports(8)
    assert len(set(ports)) == 8
    for port in ports:
        with socket.create_server(("127.0.0.1", port)):
            pass


def test_no_outgoing_connection_can_take_them() -> None:
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as bounds:
        first = int(bounds.read().split()[0])
    assert all(port < first for port in free_ports(8))


def test_two_processes_are_never_given_the_same_port() -> None:
    assert "fewer than 1 ports are free" in _given_elsewhere(only=free_ports(1)[0])
    of_one_that_ended = _given_elsewhere()
    assert _given_elsewhere(only=int(of_one_that_ended)) == of_one_that_ended, "the control"


def test_a_port_that_somebody_listens_on_is_not_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert "fewer than 1 ports are free" in _given_elsewhere(only=taken.getsockname()[1])
