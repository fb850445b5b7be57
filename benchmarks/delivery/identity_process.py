"""Processes of the identity service that may stop at one step of the outbox, forked from one that has loaded it.

Reads a JSON object a line, `{"port", "environment", "log", "step"?, "marker"?}`, and answers each with the process id
of a new service. Loading the service costs seconds on a busy machine, a fork milliseconds; each child is a process of
its own, with its own loop and connections, and is killed as such.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import uvicorn

from areaclienti.identity.app import create_app
from benchmarks.delivery import steps

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def main() -> None:
    """Fork a service for each line, until there is none any more."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel buries the killed
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _serve(json.loads(line))
            os._exit(1)
        print(child, flush=True)


def _serve(given: dict[str, Any]) -> None:
    """Be the service, until killed; dies with the process that it was forked from."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    log = os.open(given["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(0)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.environ.update(given["environment"])
    if given.get("step"):
        steps.install(given["step"], Path(given["marker"]))
    uvicorn.run(create_app(), host="127.0.0.1", port=given["port"], access_log=False, log_config=None)


if __name__ == "__main__":
    main()
