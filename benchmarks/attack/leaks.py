"""After all attacks: is a password, a tax code, a contact or a code written anywhere in logs, audit or tables?"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from areaclienti.identity.db.models import Base
from benchmarks.attack.attacker import PASSWORD, Attacker
from benchmarks.attack.findings import Finding

# Whose business it is to hold contacts and codes: the registry, accounts, and the mailbox that stands for the world.
_MAY_HOLD = {"customers", "contacts", "accounts", "mailbox_messages", "policies", "privacy_notices"}
_SECRET = re.compile(
    rf"{PASSWORD}|cliente\.\d+@|nessuno\.[^@\s]+@|\+?39333\d{{7}}|\b[A-Z]{{6}}\d{{2}}[A-EHLMPRST]\d{{2}}[A-Z]\d{{3}}[A-Z]\b"
)


async def search(attacker: Attacker, logs: Sequence[Path]) -> Finding:
    """Reads every row of every table as text, and every byte of the logs."""
    places: dict[str, int] = {}
    looked_at = 0
    for log in logs:
        text = log.read_text(encoding="utf-8", errors="replace")
        looked_at += len(text)
        _note(places, log.name.partition("-")[0] + " log", [text])
    for table in Base.metadata.tables:
        if table in _MAY_HOLD:
            continue
        # A message that is still to be sent needs its address; one that is not any more has none.
        where = " WHERE status NOT IN ('pending', 'claimed')" if table == "outbox" else ""
        rows = [row[0] for row in await attacker.target.rows(f"SELECT t::text FROM {table} t{where}")]
        looked_at += sum(map(len, rows))
        _note(places, table, rows)
    control = await attacker.target.rows("SELECT t::text FROM mailbox_messages t LIMIT 200")
    finding = Finding(
        "secrets in logs and tables",
        {
            "characters_searched": looked_at,
            "found": places,
            "control_found_in_mailbox": sum(bool(_SECRET.search(row[0])) for row in control),
        },
    )
    finding.expect(not places, f"secrets were found in {sorted(places)}")
    finding.expect(finding.figures["control_found_in_mailbox"] > 0, "the search finds nothing even where it must")
    return finding


def _note(places: dict[str, int], place: str, texts: Iterable[str]) -> None:
    found = sum(len(_SECRET.findall(text)) for text in texts)
    if found:
        places[place] = places.get(place, 0) + found
