"""The product as an operator meets it: one command starts it, nothing keeps it down, nothing is left of it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from areaclienti.keys import KEY_NAMES, METAS_KEYS
from areaclienti.supervisor.embedded import PORTS
from areaclienti.supervisor.free_ports import free_ports
from tests.stack import Stack

ROOT = Path(__file__).resolve().parents[2]
SERVICES = {"gateway", "engine", "actions", "identity", "simulator"}
START_SECONDS = 90


class Run:
    """`areaclienti run` as a process of its own on free ports."""

    def __init__(self, var: Path, **settings: str) -> None:
        self.var = var
        self.ports = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
        given = {**{name: str(port) for name, port in self.ports.items()}, "var_dir": str(var), **settings}
        outside = {name: value for name, value in os.environ.items() if not name.startswith("AREACLIENTI_")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "areaclienti", "run"],
            cwd=ROOT,
            env=outside | {f"AREACLIENTI_{name.upper()}": value for name, value in given.items()},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines: list[str] = []

    def read_until(self, wanted: str) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))
            if wanted in line:
                return
        pytest.fail("it ended before it said " + wanted + "\n" + "\n".join(self.lines))

    def rest(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.read()

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


def children_of(pid: int) -> set[int]:
    """Return the pids of all descendants of a process."""
    found: set[int] = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rsplit(")", 1)[1].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
        if parent == pid:
            child = int(stat.parent.name)
            found |= {child} | children_of(child)
    return found


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in {"Z", "X"}
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.fixture(scope="module")
def steady(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """A product that runs on; the tests leave it as it is."""
    with running(tmp_path_factory.mktemp("steady")) as started:
        yield started


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    """A product that has just become ready, to be stopped by the test."""
    with running(tmp_path / "var") as started:
        yield started


@contextlib.contextmanager
def running(var: Path) -> Iterator[Run]:
    started = Run(var)
    try:
        started.read_until("Mailbox (demo)")
        yield started
    finally:
        started.end()


def test_says_where_to_go_once_all_is_ready(steady: Run) -> None:
    gateway = f"http://localhost:{steady.ports['gateway_port']}"
    said = "\n".join(steady.lines)
    for page in ("/", "/accedi", "/mailbox"):
        assert f"{gateway}{page}" in said
        assert httpx.get(f"{gateway}{page}").status_code == 200
    for name in SERVICES:
        assert re.search(rf"^{name} ready in \d+\.\d s$", said, re.MULTILINE)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_everything_quickly_and_in_order(run: Run, number: signal.Signals) -> None:
    pids = children_of(run.process.pid)
    assert len(pids) >= len(SERVICES)
    began = time.monotonic()
    run.process.send_signal(number)
    assert run.process.wait(timeout=60) == 0
    assert time.monotonic() - began < 20
    stopped = re.findall(r"^(\w+) stopped$", run.rest(), re.MULTILINE)
    assert stopped == ["simulator", "gateway", "engine", "actions", "identity"]
    assert not any(is_alive(pid) for pid in pids)


def test_no_orphan_after_kill_9_and_the_next_start_works(run: Run, tmp_path: Path) -> None:
    pids = children_of(run.process.pid)
    assert len(pids) >= len(SERVICES)
    run.process.kill()
    run.process.wait()
    deadline = time.monotonic() + 30
    while any(is_alive(pid) for pid in pids):
        assert time.monotonic() < deadline, "a process outlived the supervisor"
        time.sleep(0.05)
    again = Run(tmp_path / "var", **{name: str(port) for name, port in run.ports.items()})
    try:
        again.read_until("Mailbox (demo)")
    finally:
        again.end()


def test_a_second_start_is_refused_in_one_line(steady: Run) -> None:
    second = Run(steady.var)
    try:
        assert second.process.wait(timeout=60) == 1
        assert second.rest().startswith(f"The product already runs on {steady.var} (process {steady.process.pid}).")
    finally:
        second.end()


def test_a_busy_port_is_refused_in_one_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        refused = Run(tmp_path / "var", engine_port=port)
        try:
            assert refused.process.wait(timeout=60) == 1
            said = refused.rest().splitlines()
        finally:
            refused.end()
    assert len(said) == 1
    assert f"Port {port} (engine) is used by another program." in said[0]
    assert "AREACLIENTI_ENGINE_PORT=" in said[0]


def test_a_damaged_keys_file_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text("{")
    refused = Run(tmp_path)
    try:
        assert refused.process.wait(timeout=60) == 1
        said = refused.rest().splitlines()
    finally:
        refused.end()
    assert len(said) == 1
    assert "keys.json can't be used: it is not JSON." in said[0]


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_a_killed_service_comes_back_and_the_product_works_again(stack: Stack, name: str) -> None:
    before = stack.pid(name)
    os.kill(before, signal.SIGKILL)
    deadline = time.monotonic() + START_SECONDS
    while not is_new_and_ready(stack, name, before):
        assert time.monotonic() < deadline, f"{name} did not come back"
        time.sleep(0.1)


def is_new_and_ready(stack: Stack, name: str, old_pid: int) -> bool:
    try:
        if stack.pid(name) == old_pid:
            return False
        return httpx.get(f"{stack.urls.gateway}/health/ready", timeout=10).status_code == 200
    except (KeyError, httpx.HTTPError):
        return False


def test_each_process_holds_only_its_own_keys(stack: Stack) -> None:
    holders: dict[str, set[str]] = {key: set() for key in KEY_NAMES}
    for name in SERVICES:
        environment = Path(f"/proc/{stack.pid(name)}/environ").read_bytes().decode()
        for key in KEY_NAMES:
            if stack.keys[key] in environment:
                holders[key].add(name)
    assert holders == {
        "engine_key": {"gateway", "engine"},
        "actions_key": {"engine", "actions"},
        "identity_gateway_key": {"gateway", "identity"},
        "identity_actions_key": {"actions", "identity"},
        "code_key": {"identity"},
        "vault_key": {"identity"},
        "whatsapp_intake_key": {"gateway"},
        "desk_key": {"gateway"},
        "metrics_key": {"gateway", "identity"},
        **{name: {"gateway", "simulator"} for name in METAS_KEYS},
    }


def test_no_key_in_any_log(stack: Stack) -> None:
    logs = "".join(path.read_text() for path in (stack.var / "log").glob("*.log"))
    assert json.loads((stack.var / "keys.json").read_text()).keys() == set(KEY_NAMES)
    assert not [name for name, key in stack.keys.items() if key in logs]


def test_services_listen_on_loopback_alone(stack: Stack) -> None:
    mine = {int(url.rsplit(":", 1)[1]) for url in (stack.urls.gateway, stack.urls.identity, stack.urls.engine)}
    mine.add(int(stack.urls.actions.rsplit(":", 1)[1]))
    listening = "0A"
    found = {}
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            address, port = line.split()[1].split(":")
            if int(port, 16) in mine and line.split()[3] == listening:
                found[int(port, 16)] = address
    assert found == dict.fromkeys(mine, "0100007F")
