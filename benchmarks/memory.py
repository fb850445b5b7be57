"""Memory of each process of the product, shared pages divided among those that share them (PSS)."""

from __future__ import annotations

import psutil

MIB = 1024 * 1024
_NAMES = {
    "gateway": "areaclienti.gateway.app:create_app",
    "identity": "areaclienti.identity.app:create_app",
    "actions": "areaclienti.supervisor.action_server",
    "engine": "engine serve",
    "simulator": "areaclienti.simulator.app:create_app",
}


def memory_mib(supervisor_pid: int) -> dict[str, float]:
    """Return MiB by process name, `supervisor` and `all` included. RSS where the system knows no PSS."""
    supervisor = psutil.Process(supervisor_pid)
    used = {"supervisor": _mib(supervisor)}
    for process in supervisor.children(recursive=True):
        name = _name(" ".join(process.cmdline()))
        used[name] = used.get(name, 0.0) + _mib(process)
    return used | {"all": sum(used.values())}


def _name(command: str) -> str:
    return next((name for name, part in _NAMES.items() if part in command), "other")


def _mib(process: psutil.Process) -> float:
    info = process.memory_full_info()
    return float(getattr(info, "pss", info.rss)) / MIB
