"""`areaclienti privacy` on the running product: what it finds, shows and erases, to the last byte, also when killed."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.customers import make_customer, put_on_file
from tests.scenarios.web_channel import WebChannel
from tests.stack import Stack

pytestmark = pytest.mark.timeout(300)
PASSWORD = "Tramonto9Giallo"
REGISTRY = ("contacts",)


class Somebody:
    """A stranger to the registry with a name, an address and a mobile that nobody else has."""

    def __init__(self) -> None:
        letters = "".join(random.choices("bcdfglmnprstvz", k=10))
        self.given, self.family = f"Ildebrando{letters}", f"Zoccolanti{letters}"
        self.email = f"ildebrando.{letters}@posta.example"
        self.mobile = f"+39347{random.randrange(10**7):07d}"

    @property
    def values(self) -> tuple[str, ...]:
        local = self.mobile.removeprefix("+39")
        spaced = f"{local[:3]} {local[3:]}"
        return self.given, self.family, self.email, local, spaced


def hits(stack: Stack, values: tuple[str, ...]) -> dict[str, int]:
    """By file under var/: how often one of the values stands in its bytes, whatever the case."""
    found = {}
    for path in sorted(stack.var.rglob("*")):
        if path.is_file():
            data = path.read_bytes().lower()
            count = sum(data.count(value.lower().encode()) for value in values)
            if count:
                found[path.name.removesuffix("-wal")] = found.get(path.name.removesuffix("-wal"), 0) + count
    return found


def tables_with(database: Path, values: tuple[str, ...]) -> set[str]:
    """The tables in which one of the values stands."""
    found = set()
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            text = str(connection.execute(f'SELECT * FROM "{table}"').fetchall()).lower()
            if any(value.lower() in text for value in values):
                found.add(table)
    return found


def command(stack: Stack, *arguments: str) -> tuple[list[str], dict[str, str]]:
    outside = {name: value for name, value in os.environ.items() if not name.startswith("AREACLIENTI_")}
    given = stack.settings()
    return [sys.executable, "-m", "areaclienti", "privacy", *arguments], outside | given


def run(stack: Stack, *arguments: str, answer: str = "") -> subprocess.CompletedProcess[str]:
    line, environment = command(stack, *arguments)
    return subprocess.run(
        line, env=environment, cwd=stack.root, input=answer, capture_output=True, text=True, timeout=200, check=False
    )


async def chat(stack: Stack, *said: str, password: bool = False) -> None:
    """A private customer's conversation: each text in its turn, a password when the protected field comes."""
    channel = WebChannel(stack.urls.gateway)
    await channel.open()
    await channel.choose("Persona")
    for text in said:
        await channel.text(text)
    if password:
        await channel.secret("password", PASSWORD)
        await channel.choose("Ho preso visione")
    await channel.close()


@pytest.fixture
def somebody(stack: Stack) -> Somebody:
    """Somebody who tried to register with his address, and began again dictating his number."""
    stack.wait_until_ready()
    one = Somebody()
    said = ("zero", "uno", "due", "tre", "quattro", "cinque", "sei", "sette", "otto", "nove")
    dictated = " ".join(said[int(digit)] for digit in one.mobile.removeprefix("+39"))
    asyncio.run(chat(stack, f"{one.given} {one.family}", one.email, password=True))
    asyncio.run(chat(stack, f"{one.given} {one.family}", f"il mio numero è {dictated}"))
    return one


def receipts(stack: Stack) -> dict[str, dict[str, Any]]:
    folder = stack.var / "privacy"
    files = [path for path in folder.glob("erasure-*.json") if ".plan." not in path.name]
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in files}


def test_after_the_erasing_no_byte_is_left_and_the_receipt_says_what_was_there(
    stack: Stack, somebody: Somebody
) -> None:
    before = hits(stack, somebody.values)
    assert {"gateway.db", "engine.db"} <= set(before), "the control: what will be looked for can be found"
    known = set(receipts(stack))
    for contact in (somebody.email, somebody.mobile.removeprefix("+39")):
        done = run(stack, "erase", contact, "--yes")
        assert done.returncode == 0, done.stdout + done.stderr
        assert somebody.email not in done.stdout
        assert somebody.mobile not in done.stdout
    assert hits(stack, somebody.values) == {}
    fresh = [receipt for name, receipt in receipts(stack).items() if name not in known]
    assert len(fresh) == 2
    assert all(one["clean"] and one["erased"]["gateway.conversations"] == 1 for one in fresh)
    assert all(one["erased"]["engine.conversations"] == 1 for one in fresh)
    assert sum(one["erased"].get("identity.registrations", 0) for one in fresh) == 1
    verified = subprocess.run(
        [sys.executable, "-m", "areaclienti", "audit", "verify"],
        env=command(stack)[1], cwd=stack.root, capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert "is whole" in verified.stdout, verified.stdout
    assert run(stack, "erase", somebody.email, "--yes").stdout.count("nothing was kept") == 1, "the same again"


def test_an_erasing_that_is_killed_at_any_moment_is_finished_by_the_next(stack: Stack, somebody: Somebody) -> None:
    folder = stack.var / "privacy"
    chance = random.Random(20261123)
    killed = 0
    for _ in range(3):
        line, environment = command(stack, "erase", somebody.email, "--yes")
        process = subprocess.Popen(line, env=environment, cwd=stack.root, stdout=subprocess.DEVNULL)
        while process.poll() is None and not list(folder.glob("*.plan.json")):
            time.sleep(0.005)
        time.sleep(chance.uniform(0.0, 0.4))
        process.send_signal(signal.SIGKILL)
        killed += process.wait() == -signal.SIGKILL
    assert killed, "at least one was killed on its way"
    done = run(stack, "erase", somebody.email, "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert not list(folder.glob("*.plan.json"))
    assert run(stack, "erase", somebody.mobile, "--yes").returncode == 0
    assert hits(stack, somebody.values) == {}


def test_a_customer_is_erased_with_the_account_and_stays_in_the_registry_alone(stack: Stack) -> None:
    customer = make_customer("persona", 19_990)
    asyncio.run(put_on_file(stack, [customer]))
    name, address, mobile = (customer.variables[one] for one in ("name", "email", "mobile"))
    asyncio.run(_register(stack, name, address))
    asyncio.run(chat(stack, name, mobile))  # found by the address as well: both are his alone
    values = (address, mobile.removeprefix("+39"))
    assert {"gateway.db", "engine.db"} <= set(hits(stack, values))
    kept = run(stack, "erase", address, "--yes")
    assert "--account deactivates it too" in kept.stdout, kept.stdout + kept.stderr
    assert tables_with(stack.identity_database, values) == {*REGISTRY, "accounts"}
    assert stack.identity_rows("SELECT count(*) FROM accounts WHERE username = ?", address) == [(1,)]
    assert set(hits(stack, values)) == {"identity.db"}
    whole = run(stack, "erase", address.upper(), "--account", "--yes")
    assert whole.returncode == 0, whole.stdout + whole.stderr
    assert tables_with(stack.identity_database, values) == set(REGISTRY)
    assert set(hits(stack, values)) == {"identity.db"}


async def _register(stack: Stack, name: str, address: str) -> None:
    channel = WebChannel(stack.urls.gateway)
    after = stack.newest_message_id()
    await channel.open()
    await channel.choose("Persona")
    await channel.text(name)
    await channel.text(address)
    await channel.secret("password", PASSWORD)
    await channel.choose("Ho preso visione")
    code = await asyncio.to_thread(stack.newest_code, address, after)
    await channel.secret("verification_code", code)
    await channel.close()


def test_an_export_holds_all_that_is_kept_and_explains_it(stack: Stack, somebody: Somebody, tmp_path: Path) -> None:
    file = tmp_path / "dati.zip"
    done = run(stack, "export", somebody.email, "--output", str(file))
    assert done.returncode == 0, done.stdout + done.stderr
    assert file.stat().st_mode & 0o077 == 0
    with zipfile.ZipFile(file) as archive:
        names = set(archive.namelist())
        page = archive.read("leggimi.html").decode()
        texts = {name: archive.read(name).decode() for name in names}
    kinds = ("conversazioni", "stato-del-dialogo", "registrazioni")
    assert {"leggimi.html", *(f"dati/{kind}.json" for kind in kinds)} <= names
    assert somebody.email in page
    assert f"{somebody.given} {somebody.family}" in page
    [conversation] = json.loads(texts["dati/conversazioni.json"])
    assert somebody.email in [line["text"] for line in conversation["messages"]]
    [registration] = json.loads(texts["dati/registrazioni.json"])
    assert registration["typed"]["contact"] == somebody.email
    assert not any(PASSWORD in text or "argon2" in text for text in texts.values())
    again = run(stack, "export", somebody.email, "--output", str(file))
    assert (again.returncode, "is there already" in again.stdout) == (1, True)


def test_without_a_yes_nothing_is_erased(stack: Stack, somebody: Somebody) -> None:
    before = hits(stack, somebody.values)
    asked = run(stack, "erase", somebody.email, answer="n\n")
    assert "Found: 1 conversations" in asked.stdout, asked.stdout + asked.stderr
    assert asked.returncode == 1
    assert hits(stack, somebody.values) == before


def test_what_is_no_contact_is_refused(stack: Stack) -> None:
    refused = run(stack, "erase", "Mario Rossi", "--yes")
    assert (refused.returncode, "neither an e-mail address nor" in refused.stdout) == (1, True)


def test_while_the_engine_is_away_nothing_is_done(stack: Stack, somebody: Somebody) -> None:
    @contextlib.contextmanager
    def without_engine() -> Iterator[None]:
        stack.stop("engine")
        try:
            yield
        finally:
            stack.start("engine")

    before = hits(stack, somebody.values)
    with without_engine():
        refused = run(stack, "erase", somebody.email, "--yes")
    assert (refused.returncode, "Start the product" in refused.stdout) == (1, True)
    assert hits(stack, somebody.values) == before
