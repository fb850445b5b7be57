"""Runs a command that dies with its parent, however the parent dies. A script: `leash.py PARENT_PID COMMAND…`.

It replaces itself by the command, so it costs no process. It uses the standard library alone and is run with `-I -S`,
which makes it start in a few milliseconds.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def main(arguments: list[str]) -> None:
    """Become `arguments[1:]`, tied to the parent `arguments[0]`. On systems without `prctl` there is no tie."""
    parent, *command = arguments
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        # prctl(2): a parent that died before the call sends nothing any more.
        if os.getppid() != int(parent):
            sys.exit(1)
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1:])
