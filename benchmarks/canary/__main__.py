"""`make canary`: plays every way through the product, searches all that it left; the last line is one JSON object."""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import os
import secrets
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from unittest import mock

from rich.console import Console

from benchmarks.canary import erasure, planted, report, strangers
from benchmarks.canary.desk_ways import DESK_WAYS, seen_by_a_person
from benchmarks.canary.encodings import KINDS
from benchmarks.canary.no_interception import PLANTED
from benchmarks.canary.office import desk_routes
from benchmarks.canary.people import Census, Person
from benchmarks.canary.real_browser import in_a_browser
from benchmarks.canary.rules import named_for_contacts
from benchmarks.canary.search import Search
from benchmarks.canary.ways import INTERCEPTED, WAYS, Way, gather_codes, play
from benchmarks.canary.whatsapp_ways import WHATSAPP_WAYS
from benchmarks.canary.world import rasa_debug, running_world
from benchmarks.otherwise import gateway_made_by

SECRETS_OF_CONTROL = ("password", "code", "tax_code")
# Where a secret stands that was typed to a person, or written by one, once nothing keeps it out.
SHOWN = (
    "gateway.messages.text",
    "gateway.desk_notes.text",
    "gateway.desk_drafts.text",
    "GET /desk/api/handovers/{handover_id}",
    "GET /desk/api/handovers/{handover_id}/events",
)

WITHOUT_INTERCEPTION = gateway_made_by("benchmarks.canary.no_interception:create_app")
IN_A_BROWSER = Way("a real browser", in_a_browser, typed=("email",))


def main() -> int:
    """Return 1 when something leaked, a way could not be gone, or a control found nothing."""
    parser = argparse.ArgumentParser(prog="make canary", description=__doc__)
    parser.add_argument("--only", default="", help="ways whose name has this word")
    parser.add_argument("--keep", type=Path, help="an empty folder for all files of the run, which stay there")
    asked = parser.parse_args()
    logging.getLogger("asyncio").setLevel(logging.ERROR)  # the product's debug mode, not ours
    ways = tuple(way for way in (*WAYS, *WHATSAPP_WAYS, *DESK_WAYS, IN_A_BROWSER) if asked.only in way.name)
    console, began = Console(width=200), time.monotonic()
    with _folder(asked.keep) as folder:
        product = observed(console, folder / "product", ways)
        control = without(console, folder / "control")
    result = product | {
        "control": control,
        "not_in_the_product": report.NOT_IN_THE_PRODUCT,
        "not_searched": report.NOT_SEARCHED,
        "seconds": round(time.monotonic() - began, 1),
        "load": [round(value, 1) for value in os.getloadavg()],
    }
    result = {"ok": not (missed := misses(result, is_whole=not asked.only)), "missed": missed} | result
    for line in missed:
        console.print(f"MISSED: {line}", style="bold red")
    print(json.dumps(result, ensure_ascii=False))
    return 0 if result["ok"] else 1


def observed(console: Console, folder: Path, ways: tuple[Way, ...]) -> dict[str, Any]:
    """The product, everything at DEBUG."""
    census = Census(secrets.randbits(64))
    people = {way.name: census.person(way.name, way.type, typed=way.typed) for way in ways}
    owner, victim = (
        census.person("another's conversation", typed=("email",)),
        census.person("planted", typed=("email",)),
    )
    with running_world(folder, census.people, engine=rasa_debug) as world:
        failed: dict[str, str] = {}
        for way in ways:
            began = time.monotonic()
            failed |= play(world, census, people, (way,))
            console.print(
                f"{way.name}: {failed.get(way.name, 'gone')} ({time.monotonic() - began:.1f} s)", markup=False
            )
        tally = strangers.visit(world, census, owner, victim)
        console.print(f"strangers: {json.dumps(tally.figures(), ensure_ascii=False)}", markup=False)
        world.office.scrape()
        gather_codes(world, census)
        search = Search(census.canaries.values(), named_for_contacts())
        findings = search.everything(world)
        desk_not_searched = world.office.never_answered()
        mailed = len(world.office.agency_mail())
        scraped = sorted({one.route for one in world.office.scrapes})
        erased = erasure.erase(world, census, _to_be_erased(people))
    findings.add(search.at_rest(folder))
    console.print(report.table((way.name for way in ways), findings))
    for leak, count in sorted(findings.leaks.items(), key=lambda found: str(found)):
        console.print(f"LEAK: {report.told(leak, count)}", style="bold red", markup=False)
    return {
        "ways": len(ways),
        "strangers": tally.figures(),
        "erased": erased,
        "desk": {
            "answers": len(world.office.answers),
            "routes": len(desk_routes()),
            "never_answered": desk_not_searched,
            "metrics": scraped,
            "mail_to_agencies": mailed,
        },
        "ways_not_gone": failed,
        "canaries": {kind: sum(canary.kind == kind for canary in census.canaries.values()) for kind in KINDS},
        "kinds_not_found": sorted(set(KINDS) - report.kinds_found(findings)),
        **report.figures(findings),
    }


def _to_be_erased(people: Mapping[str, Person]) -> list[tuple[Person, str]]:
    """Who registered with an e-mail, with a mobile, after section C, and on WhatsApp: by the username's contact."""
    contacts = {
        "story A, by the card": "email",
        "story B, by the card": "mobile",
        "section C, codice fiscale": "second_mobile",
        "whatsapp, by page": "email",
        "desk, typed to a person": "email",
    }
    return [(people[way], getattr(people[way], name)) for way, name in contacts.items() if way in people]


def without(console: Console, folder: Path) -> dict[str, Any]:
    """The control: the interception is switched off, and the search must find what was typed and what was planted."""
    census = Census(secrets.randbits(64))
    ways = (*INTERCEPTED, Way("typed to a person", seen_by_a_person, typed=("email",)))
    people = {way.name: census.person(way.name, way.type, typed=way.typed) for way in ways}
    in_answers, in_mail, in_tables = (
        census.spoken_password("planted", f"in {where}") for where in ("answers of the desk", "mail", "tables")
    )
    with (
        mock.patch.dict(os.environ, {PLANTED: in_answers}),
        running_world(folder, census.people, gateway=WITHOUT_INTERCEPTION, identity=_with_planted_metrics) as world,
    ):
        failed = play(world, census, people, ways)
        [(handover,)] = world.office.rows("SELECT id FROM handovers LIMIT 1") or [("none",)]
        planted.plant(world, handover, in_mail)
        gather_codes(world, census)
        findings = Search(census.canaries.values(), named_for_contacts()).everything(world)
        not_found = planted.not_found(findings, world.office)
    not_found += planted.tables_not_found(folder, "password", in_tables)
    figures = report.figures(findings)
    found = {kind: figures["leaks"][kind] for kind in SECRETS_OF_CONTROL}
    console.print(f"control, the interception switched off: {found}; planted and not found: {not_found}", markup=False)
    at_the_desk = sorted({leak.place for leak in findings.leaks if leak.way == "typed to a person"})
    return {
        "found": found,
        "sinks": sorted({leak.sink for leak in findings.leaks}),
        "typed_to_a_person_found_in": at_the_desk,
        "planted_and_not_found": not_found,
        "ways_not_gone": failed,
    }


def _with_planted_metrics(command: tuple[str, ...]) -> tuple[str, ...]:
    planting = "benchmarks.canary.no_interception:create_identity"
    return tuple(planting if part == "areaclienti.identity.app:create_app" else part for part in command)


def misses(result: dict[str, Any], *, is_whole: bool) -> list[str]:
    """What was to be shown and was not."""
    missed = [f"{result['leaks'][kind]} leaks of kind {kind}" for kind in KINDS if result["leaks"][kind]]
    missed += [f"the way “{way}” was not gone: {why}" for way, why in result["ways_not_gone"].items()]
    missed += [f"a stranger succeeded: {what}" for what in result["strangers"]["successes"]]
    missed += [f"nothing was shown of strangers: not so that {name}" for name in result["strangers"]["controls_failed"]]
    for way, told in result["erased"].items():
        if told["after"] or told["exit_code"] or not told["before"]:
            missed.append(f"the person of “{way}” was not erased: {told}")
    missed += [f"the control found no {kind}" for kind, count in result["control"]["found"].items() if not count]
    missed += [f"planted there and not found: {place}" for place in result["control"]["planted_and_not_found"]]
    missed += [
        f"the control's way “{way}” was not gone: {why}" for way, why in result["control"]["ways_not_gone"].items()
    ]
    shown = result["control"]["typed_to_a_person_found_in"]
    missed += [f"the control's secrets to a person were not found in {place}" for place in SHOWN if place not in shown]
    if is_whole:
        missed += [f"nobody was answered by {route}" for route in result["desk"]["never_answered"]]
        missed += [] if result["desk"]["metrics"] else ["there are no metrics"]
        missed += [] if result["desk"]["mail_to_agencies"] else ["no agency was written to"]
        missed += [f"the search found no {kind} even where it belongs" for kind in result["kinds_not_found"]]
    return missed


@contextlib.contextmanager
def _folder(kept: Path | None) -> Iterator[Path]:
    if kept is not None:
        kept.mkdir(parents=True, exist_ok=True)
        yield kept.absolute()
        return
    with tempfile.TemporaryDirectory(prefix="areaclienti-canary-") as name:
        yield Path(name)


if __name__ == "__main__":
    sys.exit(main())
