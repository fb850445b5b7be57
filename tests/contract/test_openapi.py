"""The OpenAPI document holds: generated requests meet documented answers only, and never a server error."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
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
from tests.unit.identity.databases import a_sqlite_copy
from tests.unit.identity.world import ACTIONS_KEY, GATEWAY_KEY, a_registry, settings_for

GATEWAYS = (
    "/v1/vault",
    "/v1/sign-in",
    "/v1/customers",
    "/v1/sessions",
    "/v1/mailbox",
    "/v1/receipts",
    "/v1/step-ups",
    "/v1/account",
    "/v1/password-resets",
)
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


ENDPOINTS = [
    f"{method.upper()} {path}"
    for path, methods in create_app(settings_for("sqlite+aiosqlite:///unused.db")).openapi()["paths"].items()
    for method in methods
]


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenApiSchema]:
    """The document of a service that runs behind a real server on the loopback."""
    url = a_sqlite_copy(tmp_path_factory.mktemp("openapi"), tmp_path_factory.getbasetemp())
    asyncio.run(_fill(url))
    server = uvicorn.Server(uvicorn.Config(create_app(settings_for(url)), port=0, log_config=None))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.05)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield schemathesis.openapi.from_url(f"http://127.0.0.1:{port}/openapi.json")
    server.should_exit = True
    thread.join()


async def _fill(url: str) -> None:
    database = Database(url)
    async with database.write() as session:
        session.add_all(a_registry())
    await database.close()


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_every_generated_request_gets_a_documented_answer(document: OpenApiSchema, endpoint: str) -> None:
    method, path = endpoint.split()
    key = GATEWAY_KEY if path.startswith(GATEWAYS) else ACTIONS_KEY
    statuses = set()

    def check(case: schemathesis.Case) -> None:
        answer = case.call(headers={"Authorization": f"Bearer {key}"})
        case.validate_response(answer, checks=CHECKS)
        statuses.add(answer.status_code)

    _for_generated_cases(document, path, method, check, 20)
    assert statuses - {401}  # the key was good: something beyond it was tried


@pytest.mark.parametrize("endpoint", [endpoint for endpoint in ENDPOINTS if "/health/" not in endpoint])
def test_without_a_key_nothing_is_answered(document: OpenApiSchema, endpoint: str) -> None:
    method, path = endpoint.split()

    def check(case: schemathesis.Case) -> None:
        answer = case.call(headers={"Authorization": "Bearer wrong"})
        assert answer.status_code in (400, 401, 422)
        case.validate_response(answer, checks=CHECKS)

    _for_generated_cases(document, path, method, check, 3)


def _for_generated_cases(
    document: OpenApiSchema, path: str, method: str, check: Callable[[schemathesis.Case], None], examples: int
) -> None:
    operation = document[path][method]
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
        cases = operation.as_strategy(generation_mode=mode)
        generated = given(case=cases)(lambda case: check(case))
        quiet = settings(
            max_examples=examples, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
        )
        with suppress(Unsatisfiable):  # an endpoint without parameters cannot be asked wrongly
            quiet(generated)()
