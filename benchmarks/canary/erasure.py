"""`areaclienti privacy erase` while the product runs, and the search for the person afterwards."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.canary.people import Census, Person
from benchmarks.canary.search import Search
from benchmarks.canary.world import World, command_of

# The insurer's own record of its customers: another system where there is one, and not for us to erase.
REGISTRY = ("identity.customers", "identity.contacts")
KINDS = ("phone", "email", "name")


def erase(world: World, census: Census, people: Sequence[tuple[Person, str]]) -> dict[str, Any]:
    """Erase each person by a contact; where something of him stands in files of the product, before and after all."""
    owners = {person.way for person, _ in people}
    own = [canary for canary in census.canaries.values() if canary.owner in owners and canary.kind in KINDS]
    search = Search(own, frozenset())
    before = _places(search, world)
    said = {person.way: _run(world, contact) for person, contact in people}
    after = _places(search, world)
    return {
        way: {"before": sum(before[way].values()), "after": sum(after[way].values()), "where": sorted(after[way])}
        | told
        for way, told in said.items()
    }


def _places(search: Search, world: World) -> Mapping[str, Counter[str]]:
    """By the person's way: how often something of him stands in which place."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for (owner, place), count in search.at_rest(world.folder).owned.items():
        # What the browser keeps is on the customer's own machine.
        if not place.startswith((*REGISTRY, "file:browser/", "log:browser/")):
            found[owner][place] += count
    return found


def _run(world: World, contact: str) -> dict[str, Any]:
    run = command_of(world, "privacy", "erase", contact, "--yes", "--account")
    # Its words may name the person; they are looked at by whoever runs it by hand.
    return {"exit_code": run.returncode, "named_the_contact": contact in run.stdout + run.stderr}
