"""docs/privacy.md names every table, and no column that does not exist."""

from __future__ import annotations

import re
from pathlib import Path

from areaclienti.gateway.db.models import Base as Gateway
from areaclienti.identity.db.models import Base as Identity

_ROOT = Path(__file__).resolve().parents[2]
_PAGE = (_ROOT / "docs" / "privacy.md").read_text(encoding="utf-8")
_NAMED = re.compile(r"`(gateway|identity|engine)\.(\w+)`")
_CONTACTS = re.compile(r"^\| `(gateway|identity)\.(\w+)` \| ((?:`\w+`(?:, )?)+) \|", re.MULTILINE)
_ENGINES_TABLE = re.compile(r'sa\.Table\(\s*"(\w+)"')


def tables() -> set[tuple[str, str]]:
    """(database, table) of all that the parts keep; the engine's environment is not this one, so its code is read."""
    engine = {
        ("engine", name)
        for path in (_ROOT / "engine").glob("*.py")
        for name in _ENGINES_TABLE.findall(path.read_text())
    }
    return (
        {("gateway", name) for name in Gateway.metadata.tables}
        | {("identity", name) for name in Identity.metadata.tables}
        | engine
    )


def test_the_page_names_every_table_and_none_that_is_gone() -> None:
    assert {database for database, _ in tables()} == {"gateway", "identity", "engine"}
    named = set(_NAMED.findall(_PAGE)) - {("gateway", "alembic_version"), ("identity", "alembic_version")}
    assert named == tables()


def test_the_page_names_no_column_that_does_not_exist() -> None:
    metadata = {"gateway": Gateway.metadata, "identity": Identity.metadata}
    rows = re.findall(r"^\| `(gateway|identity)\.(\w+)` (.*?) \|", _PAGE, re.MULTILINE)
    rows += [(database, table, columns) for database, table, columns in _CONTACTS.findall(_PAGE)]
    assert len(rows) > 20
    for database, table, columns in rows:
        known = set(metadata[database].tables[table].columns.keys())
        assert set(re.findall(r"`(\w+)`", columns)) <= known, f"{database}.{table}"


def test_where_contacts_stand_can_be_read_by_a_machine() -> None:
    section = _PAGE.partition("## Where telephone numbers and e-mail addresses are kept")[2].partition("\n## ")[0]
    named = re.findall(r"^\| `((?:gateway|identity|engine)\.\w+|file:[\w.-]+)` \|", section, re.MULTILINE)
    assert len(named) == len(re.findall(r"^\| `", section, re.MULTILINE)) >= 10
    assert {tuple(one.split(".")) for one in named if "." in one} <= tables()
