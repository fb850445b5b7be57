"""What an erasure leaves: a plan while it is under way, so that it can be finished, and a receipt when it is done."""

from __future__ import annotations

import json
import os
import secrets
from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

_PLAN, _RECEIPT = "erasure-{}.plan.json", "erasure-{}.json"


@dataclass
class Plan:
    """An erasure that was begun. It holds ids and counts, and a digest of the contact under a key, never a value."""

    id: str
    contact_digest: str
    with_account: bool
    began_at: str
    runs: int = 0
    conversations: list[str] = field(default_factory=list)
    erased: dict[str, int] = field(default_factory=dict)

    def add(self, counts: Counter[str]) -> None:
        """Counts what was erased by now."""
        self.erased = dict(sorted((+(Counter(self.erased) + counts)).items()))


@dataclass(frozen=True)
class Receipt:
    """What was erased, by `part.table`, and what stays and why (codes of docs/privacy.md).

    `runs` above 1: it was interrupted and finished later, so the counts are those that were written down in time.
    `clean`: no byte of it is left in SQLite's files.
    """

    id: str
    contact: str  # masked
    contact_digest: str
    with_account: bool
    began_at: str
    finished_at: str
    runs: int
    clean: bool
    erased: dict[str, int]
    kept: list[str]


def take_up(folder: Path, contact_digest: str, *, with_account: bool) -> Plan:
    """The plan that an interrupted erasure of the same contact left, or a new one; stored. Raises OSError."""
    for path in sorted(folder.glob(_PLAN.format("*"))):
        plan = Plan(**json.loads(path.read_text(encoding="utf-8")))
        if plan.contact_digest == contact_digest:
            plan.with_account = plan.with_account or with_account
            break
    else:
        plan = Plan(f"era_{secrets.token_hex(8)}", contact_digest, with_account, now())
    plan.runs += 1
    keep(folder, plan)
    return plan


def keep(folder: Path, plan: Plan) -> None:
    """Store the plan as it is now, durably."""
    _write(folder / _PLAN.format(plan.id), json.dumps(asdict(plan)))


def finish(folder: Path, receipt: Receipt, text: str) -> Path:
    """Store the receipt, for machines and for people, and drop the plan; gives where the first is."""
    path = path_of(folder, receipt.id)
    _write(path.with_suffix(".txt"), text)
    _write(path, json.dumps(asdict(receipt), indent=2))
    (folder / _PLAN.format(receipt.id)).unlink(missing_ok=True)
    return path


def path_of(folder: Path, receipt_id: str) -> Path:
    """Where the receipt with that id is, or will be."""
    return folder / _RECEIPT.format(receipt_id)


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _write(path: Path, text: str) -> None:
    """All or nothing, for the owner's eyes alone."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f"{path.name}.new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
