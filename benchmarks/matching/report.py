"""Tables and figures of the matcher's evaluation, for a terminal, for docs/matching.md and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.table import Table

from benchmarks.matching.measure import AMBIGUOUS_NAMES, MUST_REFUSE, REFUSE_BEHIND_TAX_CODE
from benchmarks.matching.other_methods import FOR_COMPANIES, FOR_PERSONS
from benchmarks.matching.registry_sample import Asked
from benchmarks.matching.tally import ASKED_AGAIN, BY_TAX_CODE, PRODUCT, Kind, Side, Tally, upper_bound
from benchmarks.matching.tolerance import BEHIND_TAX_CODE, MAY_REFUSE, MUST

_SIDES: tuple[Side, ...] = ("persons", "companies")
_METHODS = {"persons": [PRODUCT, *FOR_PERSONS], "companies": [PRODUCT, *FOR_COMPANIES]}


def figures(tally: Tally) -> dict[str, Any]:
    """All figures by name; rates are shares of one, each with its upper bound at 95%."""
    must, rejected = tally.count(MUST), tally.rejects(PRODUCT, MUST)
    impostors, accepted = tally.count(MUST_REFUSE), tally.accepts(PRODUCT, MUST_REFUSE)
    behind, behind_rejected = tally.count(BEHIND_TAX_CODE), tally.rejects(BY_TAX_CODE, BEHIND_TAX_CODE)
    far, far_accepted = tally.count(REFUSE_BEHIND_TAX_CODE), tally.accepts(BY_TAX_CODE, REFUSE_BEHIND_TAX_CODE)
    return {
        "variants": must,
        "false_rejects": rejected,
        "false_reject_rate": _rate(rejected, must),
        "false_reject_rate_at_most": float(f"{upper_bound(rejected, must):.2g}"),
        "worst_kind": _worst(tally),
        "impostors": impostors,
        "false_accepts": accepted,
        "false_accept_rate_at_most": float(f"{upper_bound(accepted, impostors):.2g}"),
        "variants_behind_tax_code": behind,
        "false_rejects_behind_tax_code": behind_rejected,
        "asked_again_behind_tax_code": tally.accepts(ASKED_AGAIN, BEHIND_TAX_CODE),
        "false_reject_rate_behind_tax_code": _rate(behind_rejected, behind),
        "impostors_behind_tax_code": far,
        "false_accepts_behind_tax_code": far_accepted,
        "accepted_of_ambiguous": [tally.accepts(PRODUCT, AMBIGUOUS_NAMES), tally.count(AMBIGUOUS_NAMES)],
        "methods": {side: {method: _method(tally, side, method) for method in _METHODS[side]} for side in _SIDES},
    }


def tables(tally: Tally) -> Iterator[Table]:
    """The methods on the same pairs; then each kind as the product decides about it."""
    for side in _SIDES:
        table = Table("method", "false rejects", "false accepts", title=f"{side}: methods", box=None)
        for method in _METHODS[side]:
            of = _method(tally, side, method)
            table.add_row(method, f"{of['false_reject_rate']:.2%}", f"{of['false_accept_rate']:.2%}")
        yield table
    for title, heading, rows in _by_kind(tally):
        table = Table(*heading, title=title, box=None)
        for row in rows:
            table.add_row(*row)
        yield table


def markdown(tally: Tally) -> str:
    """The same tables for docs/matching.md."""
    parts = []
    for side in _SIDES:
        rows = [_method_row(tally, side, method) for method in _METHODS[side]]
        heading = ["method", "false rejects", "of variants", "false accepts", "of impostors"]
        parts.append(_lines(f"{side}: methods", heading, rows))
        parts.append(_lines(f"{side}: false accepts by kind", *_impostors_by_method(tally, side)))
    parts += [_lines(title, heading, rows) for title, heading, rows in _by_kind(tally)]
    return "\n".join(parts)


def asked_table(asked: Asked) -> Table:
    """What the registry of a database answered."""
    table = Table("question", "verdict", "times", title="through matching.match and the registry's SQL", box=None)
    for (question, verdict), times in sorted(asked.verdicts.items()):
        table.add_row(question, verdict, str(times))
    return table


def _by_kind(tally: Tally) -> Iterator[tuple[str, list[str], list[list[str]]]]:
    heading = ["customer", "kind", "pairs", "rejected", "rate"]
    yield "variants that must be accepted", heading, [_rejected(tally, kind, PRODUCT) for kind in tally.kinds(MUST)]
    rows = [
        [*_rejected(tally, kind, BY_TAX_CODE), str(tally.accepted[kind, ASKED_AGAIN])]
        for kind in tally.kinds(BEHIND_TAX_CODE)
    ]
    yield "variants behind the exact tax code", [*heading, "of them asked again"], rows
    rows = [_rejected(tally, kind, PRODUCT) for kind in tally.kinds(MAY_REFUSE)]
    yield "variants that may be refused", heading, rows
    heading = ["customer", "kind", "pairs", "accepted", "behind the tax code", "asked about"]
    rows = []
    for kind in tally.kinds(MUST_REFUSE):
        far = Kind(kind.side, REFUSE_BEHIND_TAX_CODE, kind.name)
        counts = (tally.pairs[kind], tally.accepted[kind, PRODUCT], tally.accepted[far, BY_TAX_CODE], tally.pairs[far])
        rows.append([kind.side, kind.name, *map(str, counts)])
    yield "impostors", heading, rows
    heading = ["customer", "kind", "pairs", "accepted"]
    ambiguous = list(tally.kinds(AMBIGUOUS_NAMES))
    rows = [[kind.side, kind.name, str(tally.pairs[kind]), str(tally.accepted[kind, PRODUCT])] for kind in ambiguous]
    yield "names that can't be told apart", heading, rows


def _impostors_by_method(tally: Tally, side: Side) -> tuple[list[str], list[list[str]]]:
    methods = _METHODS[side]
    rows = [
        [f"`{kind.name}`", str(tally.pairs[kind])]
        + [_share(tally.accepted[kind, method], tally.pairs[kind]) for method in methods]
        for kind in tally.kinds(MUST_REFUSE, side=side)
    ]
    return ["kind", "pairs", *methods], rows


def _method(tally: Tally, side: Side, method: str) -> dict[str, float]:
    rejected, must = tally.rejects(method, MUST, side=side), tally.count(MUST, side=side)
    accepted, impostors = tally.accepts(method, MUST_REFUSE, side=side), tally.count(MUST_REFUSE, side=side)
    return {
        "false_rejects": rejected,
        "variants": must,
        "false_reject_rate": _rate(rejected, must),
        "false_accepts": accepted,
        "impostors": impostors,
        "false_accept_rate": _rate(accepted, impostors),
    }


def _method_row(tally: Tally, side: Side, method: str) -> list[str]:
    of = _method(tally, side, method)
    rejects = [f"{of['false_rejects']:,} ({of['false_reject_rate']:.3%})", f"{of['variants']:,}"]
    return [method, *rejects, f"{of['false_accepts']:,} ({of['false_accept_rate']:.3%})", f"{of['impostors']:,}"]


def _rejected(tally: Tally, kind: Kind, method: str) -> list[str]:
    count = tally.pairs[kind]
    rejected = count - tally.accepted[kind, method]
    return [kind.side, kind.name, str(count), str(rejected), f"{rejected / count:.2%}"]


def _worst(tally: Tally) -> dict[str, Any]:
    """Of the kinds that must be accepted, the one most often rejected."""
    rates = [
        (_rate(tally.pairs[kind] - tally.accepted[kind, PRODUCT], tally.pairs[kind]), kind)
        for kind in tally.kinds(MUST)
    ]
    rate, kind = max(rates)
    return {"customer": kind.side, "kind": kind.name, "pairs": tally.pairs[kind], "false_reject_rate": rate}


def _rate(found: int, count: int) -> float:
    return round(found / count, 6) if count else 0.0


def _share(found: int, count: int) -> str:
    return "0" if not found else f"{found / count:.1%}"


def _lines(title: str, heading: list[str], rows: list[list[str]]) -> str:
    cells = [heading, ["---"] * len(heading), *rows]
    return "\n".join([f"### {title}", "", *(f"| {' | '.join(row)} |" for row in cells), ""])
