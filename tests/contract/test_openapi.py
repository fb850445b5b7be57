"""The OpenAPI document holds: generated requests meet documented answers only, and never a server error."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from schemathesis.specs.openapi.schemas import OpenApiSchema

from tests.fuzz.openapi import ask, document_of_a_server, endpoints
from tests.unit.identity.databases import a_sqlite_copy

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
    "/v1/registrations/desk-summary",
    "/v1/desk/",
)
ENDPOINTS = endpoints()


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenApiSchema]:
    url = a_sqlite_copy(tmp_path_factory.mktemp("openapi"), tmp_path_factory.getbasetemp())
    with document_of_a_server(url) as read:
        yield read


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_every_generated_request_gets_a_documented_answer(document: OpenApiSchema, endpoint: str) -> None:
    _, path = endpoint.split()
    statuses = ask(document, endpoint, "gateway" if path.startswith(GATEWAYS) else "actions", 20)
    assert set(statuses) - {401}  # the key was good: something beyond it was tried


@pytest.mark.parametrize("endpoint", [endpoint for endpoint in ENDPOINTS if "/health/" not in endpoint])
def test_without_a_key_nothing_is_answered(document: OpenApiSchema, endpoint: str) -> None:
    assert set(ask(document, endpoint, "wrong", 3)) <= {400, 401, 422}
