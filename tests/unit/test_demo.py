"""The demo customers: as many as promised, the same each time, nobody's, and each story true in the database."""

from __future__ import annotations

import asyncio
import csv
import io
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
from codicefiscale import codicefiscale
from sqlalchemy import func, select
from sqlalchemy.orm import selectinload
from stdnum.it import iva

from areaclienti.domain.companies import clean_company, same_company
from areaclienti.domain.contacts import parse_contact
from areaclienti.domain.names import PersonName, clean_name, same_person, split_full_name
from areaclienti.domain.passwords import failed_rules
from areaclienti.domain.taxcodes import parse_tax_code
from areaclienti.identity.claims import read_claims
from areaclienti.identity.db import migrate
from areaclienti.identity.db.engine import Database
from areaclienti.identity.db.models import Account, Agency, Consultant, Contact, Customer, Policy
from areaclienti.identity.demo import DEMO_CUSTOMERS, DemoCustomersFound, demo_records, load_demo
from areaclienti.identity.demo_cases import CASES, DEMO_PASSWORD, Case
from areaclienti.identity.demo_crowd import DEMO_FILE, demo_lines
from areaclienti.identity.matching import identify, match
from areaclienti.identity.registry_file import COLUMNS
from areaclienti.identity.services import Services
from areaclienti.identity.work import Work
from areaclienti.password_hashes import Passwords
from tests.unit.identity.world import SetClock, running, settings_for

UNREACHABLE = ("example.com", "example.org", ".example")  # RFC 2606
BY_CODE = {case.code: case for case in CASES}


def copy_of(template: Path, path: Path) -> Database:
    path.write_bytes(template.read_bytes())
    return Database(f"sqlite+aiosqlite:///{path}")


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("empty") / "identity.db"
    migrate.upgrade(f"sqlite+aiosqlite:///{path}")
    return path


@pytest.fixture(scope="module")
def loaded(empty: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("loaded") / "identity.db"

    async def load() -> None:
        database = copy_of(empty, path)
        async with database.write() as session:
            assert await load_demo(session) == DEMO_CUSTOMERS
        await database.close()

    asyncio.run(load())
    return path


@pytest.fixture
async def database(loaded: Path, tmp_path: Path) -> AsyncIterator[Database]:
    database = copy_of(loaded, tmp_path / "identity.db")
    yield database
    await database.close()


def a_work(database: Database) -> AbstractAsyncContextManager[Work]:
    """A transaction of a service on this database."""
    url = database.engine.url.render_as_string(hide_password=False)
    return Services(settings_for(url), SetClock()).work()


def as_file(lines: Iterable[dict[str, str]]) -> list[list[str]]:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, restval="")
    writer.writerows(lines)
    return list(csv.reader(io.StringIO(text.getvalue())))


def test_the_stories_in_the_file_are_those_in_the_code() -> None:
    with DEMO_FILE.open(encoding="utf-8", newline="") as file:
        committed = [line for line in csv.reader(file, delimiter=";") if line[0] in BY_CODE]
    generated = [line for line in as_file(demo_lines()) if line[0] in BY_CODE]
    assert committed == generated


def test_the_crowd_is_the_same_each_time() -> None:
    assert as_file(demo_lines()) == as_file(demo_lines())


def test_there_are_as_many_as_promised() -> None:
    records = demo_records()
    assert len(records.customers) == DEMO_CUSTOMERS == 200
    assert (len(records.agencies), len(records.consultants)) == (8, 20)
    kinds = Counter(row["type"] for row in records.customers.values())
    assert kinds["persona"] > 4 * kinds["azienda"] > 100
    policies = Counter(row["customer_code"] for row in records.policies.values())
    assert set(policies.values()) == {1, 2, 3, 4}


def test_no_address_can_reach_anybody_and_every_number_is_a_mobile() -> None:
    records = demo_records()
    addresses = [row["value"] for row in records.contacts.values() if row["kind"] == "email"]
    addresses += [row["email"] for row in (*records.consultants.values(), *records.agencies.values())]
    assert all(address.rpartition("@")[2].endswith(UNREACHABLE) for address in addresses)
    for row in records.contacts.values():
        assert parse_contact(row["value"]).key == row["key"]


def test_every_tax_code_is_valid_by_other_hands_too() -> None:
    for row in demo_records().customers.values():
        if row["type"] == "persona":
            assert codicefiscale.is_valid(row["codice_fiscale"])
        elif "partita_iva" in row:
            assert iva.is_valid(row["partita_iva"])


def test_every_name_that_one_may_read_off_the_demo_can_be_typed() -> None:
    for row in demo_records().customers.values():
        if row["type"] == "persona":
            on_file = PersonName(row["given_name"], row["family_name"])
            typed = split_full_name(f"{row['given_name']} {row['family_name']}".lower())
            assert typed is not None
            assert same_person(typed, on_file)
            assert clean_name(on_file.given) == on_file.given
        else:
            assert same_company(clean_company(row["company_name"].upper()), row["company_name"])


def test_the_demo_password_is_a_good_one() -> None:
    assert failed_rules(DEMO_PASSWORD) == []


async def test_loading_twice_changes_nothing(database: Database) -> None:
    async def counts() -> list[int | None]:
        async with database.read() as session:
            tables = (Customer, Contact, Policy, Agency, Consultant, Account)
            return [await session.scalar(select(func.count()).select_from(table)) for table in tables]

    before = await counts()
    async with database.write() as session:
        assert await load_demo(session) == 0
    assert await counts() == before


async def test_live_delivery_does_not_start_beside_demo_customers(loaded: Path, empty: Path, tmp_path: Path) -> None:
    sent = {"delivery": "live", "smtp_url": "smtp://127.0.0.1:1", "sms_webhook_url": "https://sms.example/"}  # 6.3.2
    await copy_of(loaded, tmp_path / "demo.db").close()
    with pytest.raises(DemoCustomersFound):
        async with running(settings_for(f"sqlite+aiosqlite:///{tmp_path}/demo.db", **sent), with_registry=False):
            pass
    await copy_of(empty, tmp_path / "empty.db").close()
    async with running(settings_for(f"sqlite+aiosqlite:///{tmp_path}/empty.db", **sent)) as world:
        assert (await world.http.get("/health/ready")).json() == {"not_ready": []}


async def test_the_demo_never_mixes_with_real_customers(empty: Path, tmp_path: Path) -> None:
    database = copy_of(empty, tmp_path / "identity.db")
    async with database.write() as session:
        session.add(Customer(code="C1", type="azienda", company_name="Delta S.r.l."))
    async with database.write() as session:
        assert await load_demo(session) == 0
        assert await session.scalar(select(func.count()).select_from(Customer)) == 1
    await database.close()


# What each story promises: recognised with the contact (by its place), and what the tax code then offers.
STORIES: dict[str, tuple[list[str], str | list[str]]] = {
    "DEMO-0001": (["strong", "strong"], ["mario.rossi@example.com", "+393201234600"]),
    "DEMO-0002": (["strong"], ["elena.bianchi@example.org"]),
    "DEMO-0003": (["strong"] * 4, list(BY_CODE["DEMO-0003"].contacts)),
    "DEMO-0004": (["no_active_policy", "no_active_policy"], "no_active_policy"),
    "DEMO-0005": (["no_active_policy"], "no_active_policy"),
    "DEMO-0006": (["strong", "strong"], list(BY_CODE["DEMO-0006"].contacts)),
    "DEMO-0007": (["strong", "strong"], list(BY_CODE["DEMO-0007"].contacts)),
    "DEMO-0008": (["account_exists", "account_exists"], "account_exists"),
    "DEMO-0009": (["contact_in_use", "strong"], ["+393381109009"]),
    "DEMO-0010": (["account_exists", "account_exists"], "account_exists"),
    "DEMO-0011": (["account_exists", "account_exists"], "account_exists"),
    "DEMO-0012": (["account_exists"], "account_exists"),
    "DEMO-0013": (["strong", "strong"], list(BY_CODE["DEMO-0013"].contacts)),
    "DEMO-0014": (["strong", "strong"], list(BY_CODE["DEMO-0014"].contacts)),
    "DEMO-0015": (["strong", "strong"], list(BY_CODE["DEMO-0015"].contacts)),
    "DEMO-0016": (["several_customers", "strong"], list(BY_CODE["DEMO-0016"].contacts)),
    "DEMO-0017": (["several_customers", "strong"], list(BY_CODE["DEMO-0017"].contacts)),
    "DEMO-0018": ([], "no_free_contact"),
    "DEMO-0019": (["strong", "strong"], list(BY_CODE["DEMO-0019"].contacts)),
    "DEMO-0020": (["contact_in_use", "strong"], ["marco.greco@example.com"]),
    "DEMO-0021": (["strong"] * 2, list(BY_CODE["DEMO-0021"].contacts)),
    "DEMO-0022": (["strong"], ["+393471122022"]),
    "DEMO-0023": (["strong", "strong"], list(BY_CODE["DEMO-0023"].contacts)),
    "DEMO-0024": (["strong", "strong"], list(BY_CODE["DEMO-0024"].contacts)),
    "DEMO-0025": (["strong"], ["segreteria@studiolegaleconti.example"]),
    "DEMO-0026": (["strong", "strong"], list(BY_CODE["DEMO-0026"].contacts)),
    "DEMO-0027": (["no_active_policy"], "no_active_policy"),
    "DEMO-0028": (["strong", "strong"], list(BY_CODE["DEMO-0028"].contacts)),
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.code}-{case.name}")
async def test_each_story_comes_true(database: Database, case: Case) -> None:
    by_contact, by_tax_code = STORIES[case.code]
    names = (case.given_name, case.family_name, case.company_name)
    async with a_work(database) as work:
        found = [
            (await match(work, read_claims(case.type, *names, contact))).reason  # type: ignore[arg-type]
            for contact in case.contacts
        ]
        assert found == by_contact
        stranger = read_claims(case.type, *names, "nessuno@example.com")  # type: ignore[arg-type]
        assert (await match(work, stranger)).reason == "no_customer"
        for code in filter(None, (case.codice_fiscale, case.partita_iva)):
            identified = await identify(work, stranger, parse_tax_code(code).value)
            offered = [contact.value for contact in identified.contacts] or identified.reason
            assert offered == by_tax_code


async def test_only_the_omocode_on_file_identifies(database: Database) -> None:
    case = BY_CODE["DEMO-0021"]
    claims = read_claims("persona", case.given_name, case.family_name, None, "nessuno@example.com")
    decoded = codicefiscale.decode(case.codice_fiscale)
    assert decoded["omocodes"][0] != case.codice_fiscale
    async with a_work(database) as work:
        assert (await identify(work, claims, decoded["omocodes"][0])).reason == "no_customer"


async def test_the_accounts_of_the_stories_can_be_signed_in_to(database: Database) -> None:
    async with database.read() as session:
        accounts = (await session.scalars(select(Account).options(selectinload(Account.customer)))).all()
    passwords = Passwords(memory_kib=8 * 1024, rounds=1, at_once=1)
    expected = {case.code: case.account for case in CASES if case.account != "none"}
    assert {account.customer.code for account in accounts} == set(expected)
    for account in accounts:
        assert await passwords.verify(account.password_hash, DEMO_PASSWORD)
        assert (account.first_access_at is not None) == (expected[account.customer.code] == "confirmed")
        assert (account.device_key is not None) == (account.first_access_at is not None)
