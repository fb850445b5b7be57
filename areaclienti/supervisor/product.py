"""The start of the whole product, from the checks to the addresses, and its stop."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import time
from collections.abc import AsyncIterator

from areaclienti.supervisor import preflight
from areaclienti.supervisor.backoff import BackoffPolicy
from areaclienti.supervisor.catalogue import KEYS_OF, engine_python, environment_of, public_url, services
from areaclienti.supervisor.display import Display
from areaclienti.supervisor.fingerprint import fingerprint, needs_training, remember_training, training_turn
from areaclienti.supervisor.step import Step, run_step
from areaclienti.supervisor.supervisor import Supervisor
from areaclienti.supervisor.surroundings import Surroundings, variable


async def run_product(around: Surroundings, display: Display) -> None:
    """Start everything, stay until SIGINT or SIGTERM, stop everything. A second signal stops at once.

    Raises `OperatorProblem` when it can't start.
    """
    work = asyncio.current_task()
    assert work is not None
    loop = asyncio.get_running_loop()
    interrupts = 0
    running: Supervisor | None = None

    def interrupted() -> None:
        nonlocal interrupts
        interrupts += 1
        if interrupts == 1:
            work.cancel()
        elif running is not None:
            running.kill_all()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, interrupted)
    began = time.monotonic()
    try:
        async with started(around, display) as running:
            display.addresses(addresses(around), around.logs, time.monotonic() - began)
            await asyncio.Event().wait()
    except asyncio.CancelledError:
        if interrupts == 0:
            raise
    finally:
        display.close()


@contextlib.asynccontextmanager
async def started(
    around: Surroundings, display: Display, policy: BackoffPolicy | None = None
) -> AsyncIterator[Supervisor]:
    """Yield the supervisor once every service is ready; stop everything at the end.

    Raises `OperatorProblem` when the product can't start.
    """
    preflight.check_var(around.var)
    with contextlib.closing(preflight.take_turn(around.var)):
        keys = around.keys()
        preflight.check_flow_key(around)
        preflight.check_chatwoot(around)
        catalogue = services(around, keys)
        preflight.check_ports(catalogue)
        await train_if_needed(around, display)
        async with Supervisor(catalogue, around.logs, display, policy) as supervisor:
            # The engine takes longest and needs no database of the others: it starts while those are made.
            supervisor.start("engine", "actions")
            await run_step(_databases(around, keys), display)
            supervisor.start(*(service.name for service in catalogue if service.name not in ("engine", "actions")))
            await supervisor.wait_until_ready(timeout_seconds=around.settings.start_timeout_seconds)
            yield supervisor


async def train_if_needed(around: Surroundings, display: Display) -> None:
    """Train the model when its sources changed since the last training. Raises `OperatorProblem` when that fails."""
    preflight.check_engine_python(around.root / around.settings.engine_python)
    if not needs_training(around.root):
        return
    async with training_turn(around.root):
        if needs_training(around.root):  # not any more when another one has just trained it
            await train(around, display)


async def train(around: Surroundings, display: Display) -> None:
    """Train the model; Rasa keeps what did not change from its cache. Raises `OperatorProblem` when it fails."""
    around.logs.mkdir(parents=True, exist_ok=True)
    trained_from = fingerprint(around.root)
    await run_step(
        Step(
            "Training the model",
            (engine_python(around), "-m", "engine", "train"),
            environment_of("engine", around, dict.fromkeys(KEYS_OF["engine"], "")),
            around.root,
            around.logs / "training.log",
        ),
        display,
    )
    remember_training(around.root, trained_from)


def addresses(around: Surroundings) -> dict[str, str]:
    """The pages that people open."""
    base = public_url(around).rstrip("/")
    shown = {"Chat": f"{base}/", "Sign-in page": f"{base}/accedi"}
    if _nothing_is_really_sent(around):
        shown["Mailbox (demo)"] = f"{base}/mailbox"
    if around.whatsapp == "simulator":
        shown["WhatsApp (simulator)"] = f"http://localhost:{around.settings.simulator_port}/"
    return shown


def _databases(around: Surroundings, keys: dict[str, str]) -> Step:
    """In a process of its own, so that the supervisor doesn't hold the database libraries in memory."""
    environment = environment_of("identity", around, keys) | environment_of("gateway", around, keys)
    command = [sys.executable, "-m", "areaclienti", "databases"]
    # Demo customers have no place where real ones are written to.
    # Nor where the registry is another system.
    has_own_registry = not around.environment.get(variable("registry_url"))
    wants_demo = around.settings.demo and _nothing_is_really_sent(around) and has_own_registry
    command += ["--demo"] if wants_demo else []
    return Step("Preparing the databases", tuple(command), environment, around.root, around.logs / "databases.log")


def _nothing_is_really_sent(around: Surroundings) -> bool:
    return around.environment.get(variable("delivery"), "mailbox") == "mailbox"
