"""Generated requests against the whole OpenAPI document: documented answers only, and never a server error."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import schemathesis
import uvicorn
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from schemathesis.specs.openapi.schemas import OpenApiSchema

from areaclienti.identity.app import create_app
from areaclienti.identity.db.engine import Database
from areaclienti.identity.db.migrate import upgrade
from tests.unit.identity.world import ACTIONS_KEY, GATEWAY_KEY, a_registry, settings_for

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
KEYS = {"gateway": GATEWAY_KEY, "actions": ACTIONS_KEY, "wrong": "wrong"}


def endpoints() -> list[str]:
    """`METHOD /path` of each operation."""
    paths = create_app(settings_for("sqlite+aiosqlite:///unused.db")).openapi()["paths"]
    return [f"{method.upper()} {path}" for path, methods in paths.items() for method in methods]


@contextmanager
def document_of_a_server(database_url: str) -> Iterator[OpenApiSchema]:
    """The document of a service that runs behind a real server on the loopback. The database is brought to date."""
    upgrade(database_url)
    asyncio.run(_fill(database_url))
    server = uvicorn.Server(
        uvicorn.Config(create_app(settings_for(database_url, log_level="ERROR")), port=0, log_config=None)
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.05)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield schemathesis.openapi.from_url(f"http://127.0.0.1:{port}/openapi.json")
    finally:
        server.should_exit = True
        thread.join()


def ask(document: OpenApiSchema, endpoint: str, caller: str, examples: int) -> Counter[int]:
    """Sends generated requests, right and wrong ones, with the caller's key; gives the statuses that came back.

    Raises schemathesis' failures for an answer that the document does not describe.
    """
    statuses: Counter[int] = Counter()

    def check(case: schemathesis.Case) -> None:
        answer = case.call(headers={"Authorization": f"Bearer {KEYS[caller]}"}, timeout=60)
        case.validate_response(answer, checks=CHECKS)
        statuses[answer.status_code] += 1

    method, path = endpoint.split()
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
        _for_generated_cases(document[path][method].as_strategy(generation_mode=mode), check, examples)
    return statuses


def run(folder: Path, examples: int) -> dict[str, object]:
    """Every endpoint with every key; the figures, and what failed."""
    statuses: Counter[int] = Counter()
    failed: list[str] = []
    with document_of_a_server(f"sqlite+aiosqlite:///{folder}/openapi.db") as document:
        for endpoint in endpoints():
            for caller in KEYS:
                try:
                    statuses += ask(document, endpoint, caller, examples if caller != "wrong" else 3)
                except BaseException as failure:
                    if isinstance(failure, KeyboardInterrupt):
                        raise
                    failed.append(f"{endpoint} as {caller}: {type(failure).__name__}: {failure}"[:500])
    return {"requests": sum(statuses.values()), "statuses": dict(sorted(statuses.items())), "failed": failed}


async def _fill(url: str) -> None:
    database = Database(url)
    async with database.write() as session:
        session.add_all(a_registry())
    await database.close()


def _for_generated_cases(cases: object, check: Callable[[schemathesis.Case], None], examples: int) -> None:
    generated = given(case=cases)(lambda case: check(case))  # type: ignore[arg-type]
    quiet = settings(
        max_examples=examples, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
    )
    with suppress(Unsatisfiable):  # an endpoint without parameters cannot be asked wrongly
        quiet(generated)()
