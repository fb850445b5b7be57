"""The OpenAPI documents for the insurer's developers are those of the stand-in, and it keeps to them."""

from __future__ import annotations

import pytest

from areaclienti.identity.ports.standin.app import PORTS
from scripts.port_contracts import FOLDER, document


@pytest.mark.parametrize("port", PORTS)
def test_the_document_is_what_the_stand_in_serves(port: str) -> None:
    assert (FOLDER / f"{port}.json").read_text(encoding="utf-8") == document(port)


def test_no_other_document_lies_there() -> None:
    assert {file.stem for file in FOLDER.glob("*.json")} == set(PORTS)
