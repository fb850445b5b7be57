"""Writes all that is kept about the person behind a contact into one ZIP: JSON, and a page that explains it."""

from __future__ import annotations

import json
import os
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from areaclienti.domain.contacts import Contact
from areaclienti.gateway import search
from areaclienti.identity.disclosure import collect
from areaclienti.identity.work import Work
from areaclienti.privacy import texts
from areaclienti.privacy.finding import find
from areaclienti.privacy.parts import Parts

_INDEX = "leggimi.html"


async def export(parts: Parts, contact: Contact, file: Path) -> dict[str, int]:
    """Writes `file` (for its owner's eyes alone) and gives how many records of each kind are in it.

    Raises FileExistsError when there is such a file, EngineError, BackEndUnavailable, SQLAlchemyError, OSError.
    """
    found = await find(parts, contact)
    conversations = sorted(found.rows.conversations)

    async def of_identity(work: Work) -> dict[str, list[dict[str, Any]]]:
        work.note("personal_data_exported")
        return await collect(work, found.person, found.rows)

    records: dict[str, list[dict[str, Any]]] = {
        "conversations": await search.shown(parts.ledger, conversations),
        "dialogue": await parts.engine.read(conversations),
        **await parts.identity.do(of_identity),
    }
    index = texts.index(contact.display, datetime.now(UTC), records, parts.times)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as target, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(_INDEX, index)
        for name, rows in records.items():
            archive.writestr(f"dati/{texts.file_name(name)}.json", json.dumps(rows, ensure_ascii=False, indent=2))
    return {name: len(rows) for name, rows in records.items()}
