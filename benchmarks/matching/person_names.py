"""Names of persons, drawn as frequent as they are in Italy."""

from __future__ import annotations

import random
from functools import cache
from typing import Any

from benchmarks.matching.rows import Gender
from benchmarks.matching.words import Weighted, ranked, words

_FAMILY_KIND = Weighted(["common", "other", "particle", "apostrophe", "accented", "double"], [36, 44, 10, 5, 3, 2])
_GIVEN_KIND = Weighted(["common", "other", "accented", "double", "second"], [66, 16, 2, 8, 8])


@cache
def _given(gender: Gender) -> tuple[Weighted[str], list[str], list[str], list[str], list[str]]:
    data = words("given_names")["male" if gender == "M" else "female"]
    doubles = [" ".join(pair) for pair in data["double"]]
    return ranked(data["common"]), data["other"], data["accented"], doubles, data["second"]


@cache
def _families() -> tuple[Weighted[str], dict[str, list[str]]]:
    data = words("surnames")
    rare = {kind: data[kind] for kind in ("other", "particle", "apostrophe", "accented")}
    rare["double"] = [sep.join(pair) for pair in data["double"] for sep in (" ", "-")]
    return ranked(data["common"]), rare


def italian_family(rng: random.Random) -> str:
    """A family name, as frequent as in Italy."""
    common, rare = _families()
    kind = _FAMILY_KIND.pick(rng)
    return common.pick(rng) if kind == "common" else rng.choice(rare[kind])


def italian_given(rng: random.Random, gender: Gender) -> str:
    """A given name, or two."""
    common, other, accented, doubles, seconds = _given(gender)
    match _GIVEN_KIND.pick(rng):
        case "common":
            return common.pick(rng)
        case "other":
            return rng.choice(other)
        case "accented":
            return rng.choice(accented)
        case "double":
            apart = rng.choice(doubles)
            return apart if rng.random() < 0.5 else apart.replace(" ", "", 1).capitalize()
    first, second = common.pick(rng), rng.choice(seconds)
    return first if first == second else f"{first} {second}"


@cache
def _genders() -> dict[str, Gender]:
    genders: tuple[tuple[str, Gender], ...] = (("female", "F"), ("male", "M"))
    data = words("given_names")
    return {name: gender for key, gender in genders for name in [*data[key]["common"], *data[key]["other"]]}


def usual_gender(given: str | None) -> Gender | None:
    """The gender of who has that name (its first word) in the word lists; None where they don't say."""
    return _genders().get(given.split()[0]) if given else None


def common_given(rng: random.Random, gender: Gender) -> str:
    """One of the hundred most frequent given names."""
    return _given(gender)[0].pick(rng)


@cache
def _foreign() -> Weighted[dict[str, Any]]:
    groups = words("foreign")
    return Weighted(groups, [group["share"] for group in groups])


def foreign_group(rng: random.Random) -> dict[str, Any]:
    """One of the groups of `foreign.yml`: names and place code of those born in one country."""
    return _foreign().pick(rng)
