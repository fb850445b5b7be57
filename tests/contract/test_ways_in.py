"""The ways in of docs/security.md are all there are: nothing else of identity gives a session or sets a password."""

from __future__ import annotations

from typing import Any

from tests.unit.identity.world import World
from tests.unit.markdown import rows


async def test_the_documented_ways_in_are_all_there_are(world: World) -> None:  # ASVS 6.1.3, 6.3.4
    described = (await world.http.get("/openapi.json")).json()
    found = {
        f"{method.upper()} {path}"
        for path, operations in described["paths"].items()
        for method, operation in operations.items()
        # What marks a way in: an answer that carries a session's token, or a body that carries a password.
        if "session_token" in fields_of(described, operation["responses"])
        or "password" in fields_of(described, operation.get("requestBody"))
    }
    assert found == {row[0].strip("`") for row in rows("docs/security.md", "### By operation")}


def fields_of(described: dict[str, Any], part: Any) -> set[str]:
    """The names of all fields below a part of the description, through its references."""
    if isinstance(part, list):
        return set().union(*(fields_of(described, item) for item in part))
    if not isinstance(part, dict):
        return set()
    found = set(part.get("properties", {}))
    if (reference := part.get("$ref")) is not None:
        found |= fields_of(described, described["components"]["schemas"][reference.rsplit("/", 1)[1]])
    return found.union(*(fields_of(described, value) for key, value in part.items() if key != "properties"))
