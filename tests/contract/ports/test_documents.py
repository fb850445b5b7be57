"""The OpenAPI documents for the insurer's developers are those of the stand-in, and it keeps to them."""

from __future__ import annotations

import pytest

from areaclienti.identity.delivery.messages import TEMPLATES
from areaclienti.identity.ports.standin.app import PORTS
from areaclienti.settings import IdentitySettings
from scripts.port_contracts import FOLDER, document


@pytest.mark.parametrize("port", PORTS)
def test_the_document_is_what_the_stand_in_serves(port: str) -> None:
    assert (FOLDER / f"{port}.json").read_text(encoding="utf-8") == document(port)


def test_the_page_for_developers_names_every_message_and_setting() -> None:
    page = (FOLDER.parent / "ports.md").read_text(encoding="utf-8")
    assert {name for name in TEMPLATES if f"`{name}`" not in page} == set()
    settings = [name for name in IdentitySettings.model_fields if name.startswith("ports_") or name.endswith("_url")]
    ours = [name for name in settings if name.removesuffix("_url") in PORTS or name.startswith("ports_")]
    written = page.replace("…_CERTIFICATE_KEY_FILE", "AREACLIENTI_PORTS_CERTIFICATE_KEY_FILE")
    assert [name for name in ours if f"AREACLIENTI_{name.upper()}" not in written] == []


def test_no_other_document_lies_there() -> None:
    assert {file.stem for file in FOLDER.glob("*.json")} == set(PORTS)
