"""Reads every byte that a run left, and says of each canary found whether it may be where it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.canary.databases import columns_of, pages_of
from benchmarks.canary.encodings import Kind
from benchmarks.canary.office import FOLDER, Office
from benchmarks.canary.people import ASKED_FOR
from benchmarks.canary.rules import SECRETS, may_be_read, may_pass, may_stand
from benchmarks.canary.scan import Canary, Hit, Scanner
from benchmarks.canary.visitor import file_name
from benchmarks.canary.wiretap import Exchange
from benchmarks.canary.world import LINKS, World

DATABASES = ("identity", "gateway", "engine")
# What is looked through, in the order in which it is told.
AT_THE_DESK = ("desk", "metrics", "mail to agencies")
SINKS = (*(f"{name}.db" for name in DATABASES), "logs", *LINKS, "received", *AT_THE_DESK, "browser", "other files")


@dataclass(frozen=True)
class Leak:
    """Canaries of one kind and way where they may not be. The value itself is never told."""

    kind: Kind
    way: str
    said: str
    sink: str
    place: str
    encoding: str


@dataclass
class Findings:
    """What was searched (bytes), what was found where it belongs, and what leaked; each with its number."""

    bytes: Counter[str] = field(default_factory=Counter)
    at_home: Counter[tuple[Kind, str]] = field(default_factory=Counter)
    leaks: Counter[Leak] = field(default_factory=Counter)
    owned: Counter[tuple[str, str]] = field(default_factory=Counter)  # whose, and where, allowed or not

    def add(self, other: Findings) -> None:
        """These findings and those."""
        self.bytes += other.bytes
        self.at_home += other.at_home
        self.leaks += other.leaks
        self.owned += other.owned

    def note(self, sink: str, place: str, hit: Hit, is_allowed: bool) -> None:
        self.owned[hit.canary.owner, place] += 1
        if is_allowed:
            self.at_home[hit.canary.kind, place] += 1
        else:
            self.leaks[Leak(hit.canary.kind, hit.canary.owner, hit.canary.said, sink, place, hit.encoding)] += 1


class Search:
    """Looks for canaries in a world. `named` are docs/privacy.md's places for contacts."""

    def __init__(self, canaries: Iterable[Canary], named: Set[str]) -> None:
        self._scanner = Scanner(list(canaries))
        self._named = named

    def everything(self, world: World) -> Findings:
        """All sinks. Databases are read as they lie there: while the product runs with their write-ahead logs."""
        findings = Findings()
        self._databases(world.folder / "var", findings)
        self._exchanges(world, findings)
        self._received(world.folder / "received", findings)
        self._at_the_desk(world.office, findings)
        self._files(world.folder, findings)
        return findings

    def at_rest(self, folder: Path) -> Findings:
        """What lies there once the product has stopped: the databases and the other files of a world."""
        findings = Findings()
        self._databases(folder / "var", findings)
        self._files(folder, findings)
        return findings

    def _databases(self, var: Path, findings: Findings) -> None:
        for name in DATABASES:
            file, sink = var / f"{name}.db", f"{name}.db"
            contents = {path: path.read_bytes() for path in sorted(var.glob(f"{name}.db*"))}
            pages = pages_of(file)
            for path, data in contents.items():
                findings.bytes[sink] += len(data)
                for hit in self._scanner.scan(data):
                    is_log = path.name.endswith("-wal")
                    table = pages.table_in_wal(data, hit.offset) if is_log else pages.table_at(hit.offset)
                    self._stands(sink, f"{name}.{table}", hit, findings)
            for table, column, cells in columns_of(file):
                for hit in self._scanner.scan(cells):
                    self._stands(sink, f"{name}.{table}.{column}", hit, findings)

    def _exchanges(self, world: World, findings: Findings) -> None:
        for exchange in (exchange for tap in world.taps for exchange in list(tap.exchanges)):
            for direction, data in (("request", exchange.request), ("answer", exchange.answer)):
                findings.bytes[exchange.link] += len(data)
                for hit in self._scanner.scan(data):
                    passes = may_pass(hit.canary, exchange.link, direction, exchange.method, exchange.path)
                    place = f"{exchange.link} {direction} {exchange.method} {_shown(exchange)}"
                    findings.note(exchange.link, place, hit, passes)

    def _received(self, folder: Path, findings: Findings) -> None:
        """A customer may be shown what he typed himself, and nobody else's, and no secret."""
        for path, data in _contents(folder):
            findings.bytes["received"] += len(data)
            for hit in self._scanner.scan(data):
                is_own = path.stem.startswith(file_name(hit.canary.owner)) and hit.canary.typed
                is_own = is_own and hit.canary.said != ASKED_FOR  # he is shown its mask
                findings.note("received", path.name, hit, is_own and hit.canary.kind in ("phone", "email", "name"))

    def _at_the_desk(self, office: Office, findings: Findings) -> None:
        """What agents and Prometheus were answered, and the e-mails that agencies got: nobody is named in those."""
        for one in office.answers:
            findings.bytes["desk"] += len(one.data)
            for hit in self._scanner.scan(one.data):
                is_allowed = may_be_read(hit.canary, one.who, one.method, one.route)
                findings.note("desk", f"{one.method} {one.route}", hit, is_allowed)
        for sink, named in (
            ("metrics", [(one.route, one.data) for one in office.scrapes]),
            ("mail to agencies", [("message", data) for data in office.agency_mail()]),
        ):
            for place, data in named:
                findings.bytes[sink] += len(data)
                for hit in self._scanner.scan(data):
                    findings.note(sink, f"{sink}: {place}", hit, False)

    def _files(self, folder: Path, findings: Findings) -> None:
        for path, data in _contents(folder):
            part = path.relative_to(folder)
            if part.parts[0] in ("received", "captures", FOLDER) or path.name.startswith(
                tuple(f"{name}.db" for name in DATABASES)
            ):
                continue
            is_log = part.suffix == ".log" or ".log." in part.name
            sink = "browser" if part.parts[0] == "browser" else "logs" if is_log else "other files"
            findings.bytes[sink] += len(data)
            for hit in self._scanner.scan(data):
                if sink == "browser" and hit.canary.kind not in SECRETS and hit.canary.typed:
                    # on the customer's own machine: it remembers the username of the sign-in form
                    findings.note(sink, f"file:{part.parts[0]}", hit, True)
                else:
                    self._stands(sink, f"{'log' if is_log else 'file'}:{part}", hit, findings)

    def _stands(self, sink: str, place: str, hit: Hit, findings: Findings) -> None:
        findings.note(sink, place, hit, may_stand(hit.canary, place, self._named))


def _contents(folder: Path) -> Iterator[tuple[Path, bytes]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            yield path, path.read_bytes()


def _shown(exchange: Exchange) -> str:
    """The path without ids and query."""
    return "/".join(
        part if part.replace("-", "").isalpha() or part in ("", "v1") else "…"
        for part in exchange.path.partition("?")[0].split("/")
    )
