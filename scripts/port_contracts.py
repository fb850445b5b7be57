"""Writes docs/ports/*.json, the OpenAPI documents of what an insurer may serve (`python -m scripts.port_contracts`)."""

from __future__ import annotations

import json

from areaclienti.identity.ports.standin.app import PORTS, describe
from scripts.setup import ROOT

FOLDER = ROOT / "docs" / "ports"


def document(port: str) -> str:
    """The text of one file."""
    return json.dumps(describe(port), indent=1, ensure_ascii=False) + "\n"


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for port in PORTS:
        (FOLDER / f"{port}.json").write_text(document(port), encoding="utf-8")


if __name__ == "__main__":
    main()
