"""`areaclienti privacy erase` while the product runs, and the search for the person afterwards."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from typing import Any

from benchmarks.canary.people import Census, Person
from benchmarks.canary.search import Search
from benchmarks.canary.world import World
from benchmarks.product import ROOT

# The insurer's own record of its customers: another system where there is one, and not for us to erase.
REGISTRY = ("identity.customers", "identity.contacts")
KINDS = ("phone", "email", "name")


def erase(world: World, census: Census, people: Iterable[tuple[Person, str]]) -> dict[str, Any]:
    """Erase each person by a contact; where something of him stands in files of the product, before and after."""
    told: dict[str, Any] = {}
    for person, contact in people:
        own = [canary for canary in census.canaries.values() if canary.owner == person.way and canary.kind in KINDS]
        search = Search(own, frozenset())
        before = _places(search, world)
        said = _run(world, contact)
        after = _places(search, world)
        told[person.way] = {"before": sum(before.values()), "after": sum(after.values()), "where": sorted(after)} | said
    return told


def _places(search: Search, world: World) -> Counter[str]:
    findings = search.at_rest(world.folder)
    places = Counter({place: count for (_, place), count in findings.at_home.items()})
    for leak, count in findings.leaks.items():
        places[leak.place] += count
    # What the browser keeps is on the customer's own machine.
    kept = {place for place in places if not place.startswith((*REGISTRY, "file:browser/", "log:browser/"))}
    return Counter({place: places[place] for place in kept})


def _run(world: World, contact: str) -> dict[str, Any]:
    outside = {name: value for name, value in os.environ.items() if not name.startswith("AREACLIENTI_")}
    settings = {f"AREACLIENTI_{name.upper()}": value for name, value in world.settings.items()}
    command = [sys.executable, "-m", "areaclienti", "privacy", "erase", contact, "--yes", "--account"]
    run = subprocess.run(
        command, cwd=ROOT, env=outside | settings, capture_output=True, text=True, timeout=120, check=False
    )
    # Its words may name the person; they are looked at by whoever runs it by hand.
    return {"exit_code": run.returncode, "named_the_contact": contact in run.stdout + run.stderr}
