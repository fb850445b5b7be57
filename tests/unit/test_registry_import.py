"""The registry file: what is read, what is refused and why, what an import leaves in the database."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from typer.testing import CliRunner

from areaclienti.cli import app
from areaclienti.identity.db.engine import Database
from areaclienti.identity.db.models import Account, Agency, Consultant, Contact, Customer, Policy
from areaclienti.identity.registry_file import (
    COLUMNS,
    REASONS,
    RefusedLine,
    RegistryFileError,
    read_registry_file,
)
from areaclienti.identity.registry_import import Count, Records, store
from tests.unit.identity.databases import a_postgres_copy, a_sqlite_copy, drop_postgres_template

PERSON = {
    "customer_code": "C1",
    "type": "persona",
    "given_name": "MARIO",
    "family_name": "de luca",
    "codice_fiscale": "rssmra80a01h501u",
}
COMPANY = {"customer_code": "C2", "type": "azienda", "company_name": "Delta S.r.l.", "partita_iva": "IT00743110157"}
POLICY = {
    "policy_number": "P1",
    "policy_product": "Orizzonte",
    "policy_line": "vita",
    "policy_status": "attiva",
    "policy_started_on": "01/02/2020",
    "policy_annual_premium": "1.200,50",
}
ADVISER = {
    "consultant_code": "K1",
    "consultant_name": "Anna Neri",
    "consultant_phone": "+39 06 555 0101",
    "agency_code": "A1",
    "agency_name": "Agenzia di Roma",
    "agency_city": "Roma",
}

WriteFile = Callable[..., Path]


def text_of(*lines: dict[str, str], delimiter: str = ";", columns: tuple[str, ...] = COLUMNS) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, delimiter=delimiter, restval="")
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue()


@pytest.fixture
def write(tmp_path: Path) -> WriteFile:
    def _write(*lines: dict[str, str], encoding: str = "utf-8", delimiter: str = ";") -> Path:
        path = tmp_path / "registry.csv"
        path.write_bytes(text_of(*lines, delimiter=delimiter).encode(encoding))
        return path

    return _write


@pytest.fixture(scope="module", autouse=True)
def _templates_end() -> Iterator[None]:
    yield
    asyncio.run(drop_postgres_template())


@pytest.fixture(params=["sqlite", "postgresql"])
async def database(
    request: pytest.FixtureRequest, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Database]:
    async with AsyncExitStack() as stack:
        if request.param == "sqlite":
            url = a_sqlite_copy(tmp_path, tmp_path_factory.getbasetemp())
        else:
            url = await stack.enter_async_context(a_postgres_copy())
        database = Database(url)
        stack.push_async_callback(database.close)
        yield database


def refusals(path: Path) -> list[RefusedLine]:
    return read_registry_file(path).refused


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("delimiter", [";", ","])
def test_both_separators_and_a_byte_order_mark_are_read(write: WriteFile, encoding: str, delimiter: str) -> None:
    gathering = read_registry_file(
        write(PERSON | {"agency_code": "", "contact": "màrio"}, encoding=encoding, delimiter=delimiter)
    )
    assert gathering.refused == [RefusedLine(2, "contact", "not_a_contact")]
    gathering = read_registry_file(write(PERSON | {"given_name": "NICOLÒ"}, encoding=encoding, delimiter=delimiter))
    assert gathering.refused == []
    assert gathering.records.customers["C1"] == {
        "type": "persona",
        "given_name": "Nicolò",
        "family_name": "De Luca",
        "given_key": "nicolo",
        "family_key": "deluca",
        "codice_fiscale": "RSSMRA80A01H501U",
    }


def test_lines_of_one_customer_are_gathered_into_one(write: WriteFile) -> None:
    gathering = read_registry_file(
        write(
            PERSON | ADVISER | {"contact": "Mario@Example.com"},
            PERSON | {"contact": "333 1234567", "contact_is_device": "sì"},
            PERSON | POLICY,
        )
    )
    records = gathering.records
    assert gathering.refused == []
    assert list(records.customers) == ["C1"]
    assert records.contacts[("C1", "mario@example.com")]["value"] == "Mario@example.com"
    assert records.contacts[("C1", "+393331234567")]["is_device"] is True
    assert records.policies["P1"]["annual_premium_cents"] == 120_050
    assert records.policies["P1"]["started_on"] == date(2020, 2, 1)
    assert records.size == 6


@pytest.mark.parametrize(
    ("line", "column", "reason"),
    [
        (PERSON | {"customer_code": ""}, "customer_code", "missing"),
        (PERSON | {"customer_code": "C" * 33}, "customer_code", "too_long"),
        (PERSON | {"type": "cliente"}, "type", "not_one_of"),
        (PERSON | {"given_name": ""}, "given_name", "missing"),
        (PERSON | {"family_name": "Rossi 2"}, "family_name", "not_a_name"),
        (PERSON | {"given_name": "Ma" * 41}, "given_name", "too_long"),
        (COMPANY | {"company_name": "S.r.l."}, "company_name", "not_a_name"),
        (COMPANY | {"company_name": ""}, "company_name", "missing"),
        (PERSON | {"codice_fiscale": "RSSMRA80A01H501A"}, "codice_fiscale", "not_a_tax_code"),
        (COMPANY | {"partita_iva": "RSSMRA80A01H501U"}, "partita_iva", "not_a_tax_code"),
        (PERSON | {"contact": "06 12345678"}, "contact", "landline"),
        (PERSON | {"contact": "+44 7911 123456"}, "contact", "mobile_foreign"),
        (PERSON | {"contact": "mario@"}, "contact", "email_invalid"),
        (PERSON | {"contact": "m@example.com", "contact_is_device": "forse"}, "contact_is_device", "not_one_of"),
        (PERSON | POLICY | {"policy_line": "auto"}, "policy_line", "not_one_of"),
        (PERSON | POLICY | {"policy_status": ""}, "policy_status", "missing"),
        (PERSON | POLICY | {"policy_started_on": "31/02/2020"}, "policy_started_on", "not_a_date"),
        (PERSON | POLICY | {"policy_annual_premium": "-5"}, "policy_annual_premium", "not_an_amount"),
        (PERSON | POLICY | {"policy_annual_premium": "1e9"}, "policy_annual_premium", "not_an_amount"),
        (PERSON | {"consultant_code": "K1"}, "consultant_name", "missing"),
        (PERSON | {"consultant_code": "K1", "consultant_name": "Anna"}, "agency_code", "missing"),
    ],
)
def test_a_fault_refuses_its_line_with_number_column_and_reason(
    write: WriteFile, line: dict[str, str], column: str, reason: str
) -> None:
    gathering = read_registry_file(write(PERSON | {"customer_code": "C0"}, line))
    assert gathering.refused == [RefusedLine(3, column, reason)]
    assert reason in REASONS
    assert list(gathering.records.customers) == ["C0"]
    assert gathering.records.size == 1


def test_a_line_that_contradicts_an_earlier_one_is_refused(write: WriteFile) -> None:
    path = write(
        PERSON | ADVISER | POLICY,
        PERSON | {"family_name": "Bianchi"},
        PERSON | POLICY | {"policy_annual_premium": "7"},
        PERSON | POLICY | {"customer_code": "C9"},
        COMPANY | ADVISER | {"consultant_name": "Altra Persona"},
    )
    assert refusals(path) == [
        RefusedLine(3, "family_name", "differs"),
        RefusedLine(4, "policy_annual_premium", "differs"),
        RefusedLine(5, "policy_number", "other_customer"),
        RefusedLine(6, "consultant_name", "differs"),
    ]


def test_line_numbers_are_those_of_the_file_also_after_cells_with_line_breaks(tmp_path: Path) -> None:
    path = tmp_path / "registry.csv"
    text = text_of(PERSON | ADVISER | {"agency_address": "Via Roma 1\nRoma"}, PERSON | {"contact": "x"})
    path.write_text(text + "\n\nC7;persona;Mario\n", encoding="utf-8")
    assert refusals(path) == [
        RefusedLine(4, "contact", "not_a_contact"),
        RefusedLine(7, "", "wrong_number_of_cells"),
    ]


def test_a_refusal_shows_no_value(write: WriteFile) -> None:
    [refused] = refusals(write(PERSON | {"codice_fiscale": "RSSMRA80A01H501A"}))
    assert str(refused) == "line 2: codice_fiscale is not a valid tax code"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"nome;cognome\nMario;Rossi\n", "no column customer_code"),
        (text_of(columns=(*COLUMNS, "eta")).encode(), "unknown columns"),
        (text_of().replace("contact;", "type;").encode(), "twice"),
        (text_of(PERSON | {"given_name": "Nicolò"}).encode("latin-1"), r"not UTF-8 \(line 2\)"),
        (text_of(PERSON).encode("utf-16"), r"not UTF-8 \(line 1\)"),
        (text_of().encode() + b'C1;persona;"Mario;Rossi', "not proper CSV"),
    ],
)
def test_an_unusable_file_is_told_in_one_line(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "registry.csv"
    path.write_bytes(content)
    with pytest.raises(RegistryFileError, match=message) as told:
        read_registry_file(path)
    assert "\n" not in str(told.value)


async def test_everything_is_stored_with_its_keys(write: WriteFile, database: Database) -> None:
    records = read_registry_file(
        write(PERSON | ADVISER | POLICY | {"contact": "333 1234567"}, COMPANY | {"contact": "info@delta.example"})
    ).records
    told: list[int] = []
    async with database.write() as session:
        stored = await store(session, records, told.append)
    assert (stored.customers, stored.contacts, stored.policies) == (Count(2, 0), Count(2, 0), Count(1, 0))
    assert sum(told) == records.size == 7
    async with database.read() as session:
        company = (await session.scalars(select(Customer).where(Customer.code == "C2"))).one()
        assert (company.company_key, company.legal_form_key, company.partita_iva) == ("delta", "srl", "00743110157")
        joined = select(
            Customer.family_key, Consultant.name, Agency.city, Policy.number, Contact.key, Contact.is_device
        )
        joined = (
            joined.join(Customer.consultant).join(Consultant.agency).join(Customer.policies).join(Customer.contacts)
        )
        assert (await session.execute(joined)).all() == [("deluca", "Anna Neri", "Roma", "P1", "+393331234567", False)]


async def test_a_second_import_updates_and_keeps_what_it_does_not_mention(write: WriteFile, database: Database) -> None:
    first = write(PERSON | ADVISER | POLICY | {"contact": "333 1234567", "contact_is_device": "yes"})
    async with database.write() as session:
        await store(session, read_registry_file(first).records)
    changed = {"customer_code": "C1", "type": "persona", "given_name": "Mario", "family_name": "Bianchi"}
    second = write(
        changed | POLICY | {"policy_status": "scaduta", "contact": "+39 3331234567"},
        changed | {"contact": "m@example.com"},
    )
    async with database.write() as session:
        stored = await store(session, read_registry_file(second).records)
    assert (stored.customers, stored.contacts, stored.policies) == (Count(0, 1), Count(1, 1), Count(0, 1))
    async with database.read() as session:
        customer = (await session.scalars(select(Customer))).one()
        assert (customer.family_key, customer.codice_fiscale) == ("bianchi", "RSSMRA80A01H501U")
        assert customer.consultant_id is not None
        contacts = (await session.execute(select(Contact.key, Contact.is_device).order_by(Contact.id))).all()
        assert contacts == [("+393331234567", True), ("m@example.com", False)]
        assert (await session.scalars(select(Policy.status))).all() == ["scaduta"]


async def test_a_failure_in_the_middle_leaves_nothing(write: WriteFile, database: Database) -> None:
    records = read_registry_file(write(PERSON | ADVISER | POLICY | {"contact": "333 1234567"})).records
    records.policies["P1"]["line"] = "auto"  # only the database's CHECK stands against it here
    with pytest.raises(IntegrityError):
        async with database.write() as session:
            await store(session, records)
    async with database.read() as session:
        for model in (Customer, Contact, Policy, Consultant, Agency):
            assert await session.scalar(select(func.count()).select_from(model)) == 0


async def test_more_lines_than_one_statement_takes(database: Database) -> None:
    records = Records()
    for number in range(1234):
        name = {"given_name": "Mario", "family_name": "Rossi", "given_key": "mario", "family_key": "rossi"}
        records.customers[f"C{number}"] = {"type": "persona", **name}
        key = f"c{number}@example.com"
        contact = {"customer_code": f"C{number}", "kind": "email", "value": key, "key": key}
        records.contacts[(f"C{number}", key)] = contact
    for expected in (Count(1234, 0), Count(0, 1234)):
        async with database.write() as session:
            stored = await store(session, records)
        assert (stored.customers, stored.contacts) == (expected, expected)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str]]:
    for name in ("IDENTITY_DATABASE_URL", "DELIVERY"):
        monkeypatch.delenv(f"AREACLIENTI_{name}", raising=False)
    monkeypatch.setenv("AREACLIENTI_VAR_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")

    def _run(*arguments: str) -> tuple[int, str]:
        result = CliRunner().invoke(app, ["registry", *arguments])
        return result.exit_code, result.output

    return _run


def customers_in(tmp_path: Path) -> int:
    import sqlite3

    with sqlite3.connect(tmp_path / "identity.db") as connection:
        return int(connection.execute("SELECT count(*) FROM customers").fetchone()[0])


def test_the_command_stores_the_good_lines_and_tells_the_others(
    run: Callable[..., tuple[int, str]], write: WriteFile, tmp_path: Path
) -> None:
    path = write(PERSON | {"contact": "333 1234567"}, COMPANY | {"partita_iva": "00743110158"})
    code, said = run("import", str(path), "--refused", str(tmp_path / "refused.csv"))
    assert code == 3
    assert said.splitlines() == [
        "Refused line 3: partita_iva is not a valid tax code",
        "Stored: customers 1 new, 0 updated, contacts 1 new, 0 updated, policies 0 new, 0 updated;"
        " 1 of 2 lines refused.",
    ]
    assert "00743110158" not in said
    assert (tmp_path / "refused.csv").read_text().splitlines() == ["line,column,reason", "3,partita_iva,not_a_tax_code"]
    assert customers_in(tmp_path) == 1
    assert run("import", str(path))[0] == 3
    assert customers_in(tmp_path) == 1


def test_a_dry_run_stores_nothing(run: Callable[..., tuple[int, str]], write: WriteFile, tmp_path: Path) -> None:
    code, said = run("import", str(write(PERSON)), "--dry-run")
    assert code == 0
    assert said.startswith("Would be stored (dry run): customers 1 new")
    assert customers_in(tmp_path) == 0


def test_strict_stores_nothing_when_a_line_is_refused(
    run: Callable[..., tuple[int, str]], write: WriteFile, tmp_path: Path
) -> None:
    code, said = run("import", str(write(PERSON, COMPANY | {"type": ""})), "--strict")
    assert code == 1
    assert said.splitlines()[-1] == "Nothing was stored: 1 of 2 lines refused."
    assert not (tmp_path / "identity.db").exists() or customers_in(tmp_path) == 0


def test_a_missing_file_and_a_folder_are_told_in_one_line(run: Callable[..., tuple[int, str]], tmp_path: Path) -> None:
    for path, message in ((tmp_path / "none.csv", "There is no file"), (tmp_path, "is a folder")):
        code, said = run("import", str(path))
        assert code == 1
        assert message in said
        assert len(said.strip().splitlines()) == 1


def test_an_unreachable_database_is_told_without_a_traceback(
    run: Callable[..., tuple[int, str]], write: WriteFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AREACLIENTI_IDENTITY_DATABASE_URL", "postgresql+asyncpg://nobody:s3cr3t-pw@127.0.0.1:1/none")
    code, said = run("import", str(write(PERSON)))
    assert code == 1
    assert "database of identity can't be used" in said
    assert "s3cr3t-pw" not in said


def test_the_demo_is_loaded_once_and_never_where_codes_are_really_sent(
    run: Callable[..., tuple[int, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AREACLIENTI_DELIVERY", "live")
    assert run("demo")[0] == 1
    assert not (tmp_path / "identity.db").exists()
    monkeypatch.setenv("AREACLIENTI_DELIVERY", "mailbox")
    assert "200 demo customers were loaded" in run("demo")[1]
    assert "Nothing was loaded" in run("demo")[1]
    assert customers_in(tmp_path) == 200


def test_the_databases_are_not_ready_for_live_delivery_while_demo_customers_are_there(
    run: Callable[..., tuple[int, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("demo")
    monkeypatch.setenv("AREACLIENTI_GATEWAY_DATABASE_URL", f"sqlite+aiosqlite:///{tmp_path}/gateway.db")
    assert CliRunner().invoke(app, ["databases"]).exit_code == 0
    monkeypatch.setenv("AREACLIENTI_DELIVERY", "live")
    refused = CliRunner().invoke(app, ["databases"])
    assert refused.exit_code == 1
    assert "holds demo customers" in refused.output


def test_an_import_beside_the_demo_says_so(run: Callable[..., tuple[int, str]], write: WriteFile) -> None:
    run("demo")
    code, said = run("import", str(write(PERSON)))
    assert code == 0
    assert "demo customers beside real ones" in said


def test_the_cases_show_what_to_type(run: Callable[..., tuple[int, str]]) -> None:
    code, said = run("cases")
    assert code == 0
    for shown in ("Mario Rossi", "mario.rossi@example.com", "RSSMRA80A01H501U", "Officine Ferrara S.r.l."):
        assert shown in said


def test_accounts_survive_an_import(run: Callable[..., tuple[int, str]], tmp_path: Path) -> None:
    import sqlite3

    run("demo")
    with sqlite3.connect(tmp_path / "identity.db") as connection:
        before = connection.execute(f"SELECT * FROM {Account.__tablename__} ORDER BY id").fetchall()
    demo_file = Path(__file__).parents[2] / "areaclienti" / "identity" / "data" / "demo_registry.csv"
    assert run("import", str(demo_file))[0] == 0
    with sqlite3.connect(tmp_path / "identity.db") as connection:
        assert connection.execute(f"SELECT * FROM {Account.__tablename__} ORDER BY id").fetchall() == before
