"""One piece of preparation that runs as a command of its own, such as training, with its progress shown."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from areaclienti.supervisor.child import Child
from areaclienti.supervisor.display import Display
from areaclienti.supervisor.logs import ServiceLog
from areaclienti.supervisor.problem import OperatorProblem
from areaclienti.supervisor.service import Service

LINES_SHOWN = 15


@dataclass(frozen=True, slots=True)
class Step:
    """`title` says what is being done ("Training the model"); the output goes to `log`."""

    title: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    directory: Path
    log: Path


async def run_step(step: Step, display: Display) -> float:
    """Run the command to its end; return the seconds that it took.

    Raises `OperatorProblem` with the end of the log when it fails. A cancelled step's process is ended.
    """
    began = time.monotonic()
    last: deque[str] = deque(maxlen=LINES_SHOWN)
    log = ServiceLog(step.log, lambda error: display.trouble(f"{step.log} can't be written ({error.strerror})."))

    def take(line: str) -> None:
        log.write(line)
        if line.strip():
            last.append(line)
            display.step_says(step.title, line)

    display.step_began(step.title)
    child = await Child.start(_as_service(step), take)
    try:
        code = await child.wait()
    except BaseException:
        child.kill()
        raise
    finally:
        log.close()
    seconds = time.monotonic() - began
    if code != 0:
        raise OperatorProblem(
            f"{step.title} failed (exit code {code}).", f"Read the lines below; the whole log: {step.log}", tuple(last)
        )
    display.step_ended(step.title, seconds)
    return seconds


def _as_service(step: Step) -> Service:
    return Service(step.title, step.command, step.environment, step.directory, "", 0, "", "")
