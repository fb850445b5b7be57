"""Checks before anything starts, so that what is missing is said in one line and not found in a log."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import socket
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from pydantic import ValidationError

from areaclienti.supervisor.own_settings import gateway_settings
from areaclienti.supervisor.problem import OperatorProblem
from areaclienti.supervisor.service import Service
from areaclienti.supervisor.surroundings import Surroundings, variable

FREE_BYTES_NEEDED = 200 * 1024 * 1024


def check_var(var: Path) -> None:
    """Make `var` and see that files can be made in it. Raises `OperatorProblem`."""
    try:
        var.mkdir(mode=0o700, parents=True, exist_ok=True)
        (var / "log").mkdir(exist_ok=True)
        probe = var / f".write-check-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise cannot_write(var, error) from None
    free = shutil.disk_usage(var).free
    if free < FREE_BYTES_NEEDED:
        raise OperatorProblem(
            f"Only {free // 1024**2} MB are free on the disk of {var}.",
            f"Free at least {FREE_BYTES_NEEDED // 1024**2} MB, or set AREACLIENTI_VAR_DIR to a folder with room.",
        )


def cannot_write(path: Path, error: OSError) -> OperatorProblem:
    """Say in one line why `path` can't be written."""
    if error.errno == errno.ENOSPC:
        return OperatorProblem(f"The disk of {path} is full.", "Free some space and start again; nothing is lost.")
    return OperatorProblem(
        f"{path} can't be written: {error.strerror}.",
        "Give this user the right to write there, or set AREACLIENTI_VAR_DIR to another folder.",
    )


def check_flow_key(around: Surroundings) -> None:
    """See that the private key of the WhatsApp Flow, where one is set, can be used. Raises `OperatorProblem`."""
    flow_id, file, passphrase = (
        around.environment.get(variable(name))
        for name in ("whatsapp_flow_id", "whatsapp_flow_private_key_file", "whatsapp_flow_passphrase")
    )
    if around.whatsapp == "off" or not (flow_id or file):
        return
    from areaclienti.gateway.channels.whatsapp.flows.crypto import FlowKeyError, load_flow_key

    without = f"Without {variable('whatsapp_flow_id')} secrets are given on the one-time page; see docs/whatsapp.md."
    if not file:
        needed = variable("whatsapp_flow_private_key_file")
        raise OperatorProblem(f"{variable('whatsapp_flow_id')} needs {needed}.", without)
    try:
        load_flow_key(around.root / file, passphrase or None)
    except FlowKeyError as error:
        raise OperatorProblem(str(error), without) from None


def check_chatwoot(around: Surroundings) -> None:
    """See that the settings of Chatwoot, where people answer there, are whole. Raises `OperatorProblem`."""
    if around.environment.get(variable("handover")) != "chatwoot":
        return
    try:
        gateway_settings(around)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise OperatorProblem(
            f"{first['msg'].removeprefix('Value error, ')}.", "docs/chatwoot.md lists them."
        ) from None


def take_turn(var: Path) -> IO[str]:
    """Take the lock that lets one supervisor alone work on `var`; it is held until the returned file is closed.

    Raises `OperatorProblem` when another one has it.
    """
    lock = (var / "run.lock").open("a+", encoding="ascii")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        holder = lock.read().strip() or "unknown"
        lock.close()
        raise OperatorProblem(
            f"The product already runs on {var} (process {holder}).",
            "Stop that one with Ctrl-C first, or set AREACLIENTI_VAR_DIR and other ports for a second one.",
        ) from None
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


def check_ports(services: Iterable[Service]) -> None:
    """See that every port is free. Raises `OperatorProblem` for the first that is not."""
    for service in services:
        family = socket.AF_INET6 if ":" in service.host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((service.host, service.port))
            except OSError as error:
                raise _cannot_listen(service, error) from None


def _cannot_listen(service: Service, error: OSError) -> OperatorProblem:
    if error.errno == errno.EADDRINUSE:
        return OperatorProblem(
            f"Port {service.port} ({service.name}) is used by another program.",
            f"Stop that program, or choose another port: {service.port_setting}={service.port + 100} make run",
        )
    return OperatorProblem(
        f"{service.name} can't listen on {service.host}:{service.port}: {error.strerror}.",
        f"Choose another port with {service.port_setting}.",
    )


def check_engine_python(path: Path) -> None:
    """See that Rasa's environment is there. Raises `OperatorProblem`."""
    if not os.access(path, os.X_OK):
        raise OperatorProblem(f"Rasa's environment is missing ({path}).", "Make it with: make setup")
