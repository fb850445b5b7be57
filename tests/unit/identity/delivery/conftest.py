"""A mail server under TLS and an SMS gateway, for the tests of delivery."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from benchmarks.delivery.certificate import self_signed
from tests.unit.identity.delivery.servers import Gateway, MailServer, gateway, listening


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1, signed by itself, and its key."""
    return self_signed(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def server_tls(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    return context


@pytest.fixture(params=["smtp", "smtps"])
async def mail_server(
    request: pytest.FixtureRequest, server_tls: ssl.SSLContext
) -> AsyncIterator[tuple[str, MailServer]]:
    server = MailServer()
    async with listening(server, server_tls, implicit=request.param == "smtps") as port:
        yield f"{request.param}://127.0.0.1:{port}", server


@pytest.fixture
async def sms_gateway() -> AsyncIterator[Gateway]:
    async with gateway() as serving:
        yield serving
