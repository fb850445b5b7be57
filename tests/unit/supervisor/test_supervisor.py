"""The supervisor with real processes: ready, restart, crash loop, stop, and no orphan after kill -9."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from areaclienti.supervisor.backoff import BackoffPolicy
from areaclienti.supervisor.free_ports import free_ports
from areaclienti.supervisor.problem import OperatorProblem
from areaclienti.supervisor.service import Service
from areaclienti.supervisor.supervisor import Supervisor

from .watched import TINY, Remembering, is_alive, tiny, until

FAST = BackoffPolicy(first_delay=0.05, longest_delay=0.1, crash_loop_after=3)


@contextlib.asynccontextmanager
async def supervised(tmp_path: Path, *services: Service) -> AsyncIterator[tuple[Supervisor, Remembering]]:
    told = Remembering()
    async with Supervisor(services, tmp_path / "log", told, FAST) as supervisor:
        yield supervisor, told


async def test_ready_only_when_every_service_says_so(tmp_path: Path) -> None:
    async with supervised(tmp_path, tiny("quick"), tiny("slow", "--ready-after", "0.8")) as (supervisor, told):
        began = time.monotonic()
        supervisor.start()
        await supervisor.wait_until_ready(timeout_seconds=60)
        assert time.monotonic() - began >= 0.8
        assert told.states("quick") == told.states("slow") == ["starting", "ready"]


async def test_services_start_at_the_same_time(tmp_path: Path) -> None:
    services = [tiny(f"s{number}", "--ready-after", "1") for number in range(4)]
    async with supervised(tmp_path, *services) as (supervisor, told):
        supervisor.start()
        await supervisor.wait_until_ready(timeout_seconds=60)
    assert [change.state for change in told.changes[:4]] == ["starting"] * 4, "none waits until another is ready"


async def test_a_killed_service_is_started_again_and_said_so(tmp_path: Path) -> None:
    async with supervised(tmp_path, tiny()) as (supervisor, told):
        supervisor.start()
        await supervisor.wait_until_ready(timeout_seconds=60)
        first = supervisor.pids()["tiny"]
        os.kill(first, signal.SIGKILL)
        await until(lambda: told.states() == ["starting", "ready", "waiting", "starting", "ready"])
        assert supervisor.pids()["tiny"] != first
        assert told.changes[2].note == "was ended by SIGKILL; starts again in 0.05 s"


async def test_a_service_that_keeps_dying_ends_the_start_with_its_last_lines(tmp_path: Path) -> None:
    async with supervised(tmp_path, tiny("tiny", "--say", "no database", "--die-after", "0")) as (supervisor, told):
        supervisor.start()
        with pytest.raises(OperatorProblem) as caught:
            await supervisor.wait_until_ready(timeout_seconds=60)
        assert caught.value.what == "tiny doesn't start."
        assert "no database" in caught.value.details
        loops = [change for change in told.changes if change.state == "crash_looping"]
        assert "no database" in loops[0].details
        assert "exit code 3, for the 3rd time in a row" in loops[0].note


async def test_the_end_of_the_log_is_shown_once_in_a_crash_loop(tmp_path: Path) -> None:
    async with supervised(tmp_path, tiny("tiny", "--die-after", "0")) as (supervisor, told):
        supervisor.start()
        await until(lambda: told.states().count("crash_looping") >= 3)
        loops = [change for change in told.changes if change.state == "crash_looping"]
        assert loops[0].details
        assert not any(change.details for change in loops[1:])


async def test_a_command_that_is_not_there_counts_as_a_death(tmp_path: Path) -> None:
    service = tiny()
    missing = Service(**{name: getattr(service, name) for name in service.__slots__} | {"command": ("/nowhere/x",)})
    async with supervised(tmp_path, missing) as (supervisor, _):
        supervisor.start()
        with pytest.raises(OperatorProblem, match="tiny doesn't start"):
            await supervisor.wait_until_ready(timeout_seconds=60)


async def test_a_service_that_is_never_ready_is_named_after_the_time_limit(tmp_path: Path) -> None:
    async with supervised(tmp_path, tiny("good"), tiny("late", "--ready-after", "60")) as (supervisor, told):
        supervisor.start()
        await until(lambda: "ready" in told.states("good"))
        with pytest.raises(OperatorProblem, match=r"Not ready after 0\.5 s: late\."):
            await supervisor.wait_until_ready(timeout_seconds=0.5)


async def test_stop_goes_front_to_back_and_leaves_nothing(tmp_path: Path) -> None:
    async with supervised(tmp_path, tiny("front"), tiny("middle"), tiny("back")) as (supervisor, told):
        supervisor.start()
        await supervisor.wait_until_ready(timeout_seconds=60)
        pids = supervisor.pids()
    ended = [change.service for change in told.changes if change.state == "stopped"]
    assert ended == ["front", "middle", "back"]
    assert len(pids) == 3
    assert not any(is_alive(pid) for pid in pids.values())


async def test_a_service_that_is_deaf_to_sigterm_is_killed_after_the_grace(tmp_path: Path) -> None:
    async with supervised(tmp_path, tiny("tiny", "--deaf")) as (supervisor, _):
        supervisor.start()
        await supervisor.wait_until_ready(timeout_seconds=60)
        pid = supervisor.pids()["tiny"]
        began = time.monotonic()
        await supervisor.stop_all(grace_seconds=0.5)
        assert 0.4 < time.monotonic() - began < 30  # it would never end by itself
        assert not is_alive(pid)


async def test_stop_in_the_middle_of_the_start_leaves_nothing(tmp_path: Path) -> None:
    async with supervised(tmp_path, tiny()) as (supervisor, told):
        supervisor.start()
        await asyncio.sleep(0)
        await supervisor.stop("tiny")
        assert supervisor.pids() == {}
        assert told.states()[-1] == "stopped"


async def test_a_stopped_service_stays_down_until_it_is_started(tmp_path: Path) -> None:
    async with supervised(tmp_path, tiny()) as (supervisor, _):
        supervisor.start()
        await supervisor.wait_until_ready(timeout_seconds=60)
        await supervisor.stop("tiny")
        await asyncio.sleep(0.3)
        assert supervisor.pids() == {}
        supervisor.start("tiny")
        await supervisor.wait_until_ready(timeout_seconds=60)
        assert supervisor.pids().keys() == {"tiny"}


async def test_restart_replaces_the_process(tmp_path: Path) -> None:
    async with supervised(tmp_path, tiny()) as (supervisor, _):
        supervisor.start()
        await supervisor.wait_until_ready(timeout_seconds=60)
        first = supervisor.pids()["tiny"]
        await supervisor.restart("tiny")
        await supervisor.wait_until_ready(timeout_seconds=60)
        assert supervisor.pids()["tiny"] != first


async def test_what_a_service_started_ends_with_it(tmp_path: Path) -> None:
    async with supervised(tmp_path, tiny("tiny", "--with-child")) as (supervisor, told):
        supervisor.start()
        await supervisor.wait_until_ready(timeout_seconds=60)
        grandchild = next(int(line.split()[1]) for _, line in told.lines if line.startswith("child "))
        assert is_alive(grandchild)
        os.kill(supervisor.pids()["tiny"], signal.SIGKILL)
        await until(lambda: not is_alive(grandchild))


async def test_every_line_is_in_the_log_file(tmp_path: Path) -> None:
    async with supervised(tmp_path, tiny("tiny", "--say", "hello from tiny")) as (supervisor, told):
        supervisor.start()
        await supervisor.wait_until_ready(timeout_seconds=60)
        assert ("tiny", "hello from tiny") in told.lines
    assert "hello from tiny" in (tmp_path / "log" / "tiny.log").read_text().splitlines()


ALONE = """
import asyncio, os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from tests.unit.supervisor.watched import Remembering, tiny
from areaclienti.supervisor.supervisor import Supervisor

async def main():
    async with Supervisor([tiny("one"), tiny("two", "--deaf")], Path(sys.argv[2]), Remembering()) as supervisor:
        supervisor.start()
        await supervisor.wait_until_ready(timeout_seconds=60)
        print(*supervisor.pids().values(), flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


def test_no_orphan_when_the_supervisor_is_killed_with_9(tmp_path: Path) -> None:
    root = TINY.parents[3]
    alone = subprocess.Popen(
        [sys.executable, "-c", ALONE, str(root), str(tmp_path)], cwd=root, stdout=subprocess.PIPE, text=True
    )
    assert alone.stdout is not None
    pids = [int(pid) for pid in alone.stdout.readline().split()]
    assert len(pids) == 2
    assert all(is_alive(pid) for pid in pids)
    alone.kill()
    alone.wait()
    alone.stdout.close()
    asyncio.run(until(lambda: not any(is_alive(pid) for pid in pids)))


def test_without_the_leash_a_service_outlives_its_supervisor(tmp_path: Path) -> None:
    """The control of the test above: it can only pass because of the leash."""
    spawn = "import subprocess as s, sys; print(s.Popen(sys.argv[1:], stdout=s.DEVNULL).pid, flush=True)"
    command = [sys.executable, "-c", spawn, sys.executable, str(TINY), "--port", str(free_ports(1)[0])]
    alone = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=20)
    pid = int(alone.stdout)
    try:
        time.sleep(0.5)
        assert is_alive(pid)
    finally:
        os.kill(pid, signal.SIGKILL)
