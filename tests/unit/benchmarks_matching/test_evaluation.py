"""The evaluation itself: it finds what it must, counts it under its kind, and says how sure it is."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.matching import measure, registry_sample, report
from benchmarks.matching.decision import by_contact, by_tax_code, claims_of
from benchmarks.matching.impostors import AMBIGUOUS
from benchmarks.matching.measure import MUST_REFUSE, REFUSE_BEHIND_TAX_CODE
from benchmarks.matching.tally import BY_TAX_CODE, PRODUCT, Tally, upper_bound
from benchmarks.matching.tolerance import BEHIND_TAX_CODE, MUST


@pytest.fixture(scope="module")
def tally() -> Tally:
    whole = measure._some_variants(60, seed=31)
    whole.add(measure._some_impostors(1500, seed=31))
    return whole


def test_the_matcher_takes_no_impostor_and_nearly_every_customer(tally: Tally) -> None:
    figures = report.figures(tally)
    assert figures["false_accepts"] == figures["false_accepts_behind_tax_code"] == 0
    assert figures["impostors"] > 1300 and figures["impostors_behind_tax_code"] > 400
    assert figures["false_reject_rate"] < 0.005
    assert figures["variants"] > 2000


def test_methods_that_forgive_are_caught_by_the_same_pairs(tally: Tally) -> None:
    for side in ("persons", "companies"):
        assert tally.accepts("Jaro-Winkler ≥ .92", MUST_REFUSE, side=side) > 50
        assert tally.accepts("casefold", MUST_REFUSE, side=side) == 0
        assert tally.rejects("casefold", MUST, side=side) > 200


def test_a_matcher_that_forgives_everywhere_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "by_contact", by_tax_code)
    assert measure._some_impostors(600, seed=32).accepts(PRODUCT, MUST_REFUSE) > 20


def test_a_matcher_that_forgives_nothing_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def letter_by_letter(claims: Any, row: Any) -> str:
        return "accepted" if claims is not None and claims.company == getattr(row, "company_name", "") else "refused"

    monkeypatch.setattr(measure, "by_contact", letter_by_letter)
    assert measure._some_variants(20, seed=33).rejects(PRODUCT, MUST) > 100


def test_each_demand_is_counted_by_the_decision_that_it_is_about(tally: Tally) -> None:
    assert tally.accepts(BY_TAX_CODE, BEHIND_TAX_CODE) > 0.9 * tally.count(BEHIND_TAX_CODE)
    assert tally.count(REFUSE_BEHIND_TAX_CODE) < tally.count(MUST_REFUSE)
    assert not {kind.name for kind in tally.kinds(MUST_REFUSE)} & AMBIGUOUS


def test_a_text_that_is_no_name_is_asked_again_and_accepted_by_nothing() -> None:
    person = next(measure.persons(1, 5))
    claims = claims_of(measure.Typed("persona", person.contacts[0], "...", person.family_name))
    assert claims is None
    assert by_contact(claims, person) == by_tax_code(claims, person) == "asked_again"


@pytest.mark.parametrize(
    ("found", "count", "bound"),
    [(0, 300_000, 1e-5), (0, 2, 1.0), (1, 1000, 0.00474), (5, 1000, 0.01051), (0, 0, 1.0)],
)
def test_the_bound_is_the_rule_of_three_and_poissons_beyond(found: int, count: int, bound: float) -> None:
    assert upper_bound(found, count) == pytest.approx(bound, rel=0.01)


async def test_the_registry_of_a_database_gives_nobody_somebody_elses_data() -> None:
    asked = await registry_sample.ask(120, seed=34)
    assert asked.wrong == 0
    assert asked.verdicts["customer", "the customer"] > 250
    assert asked.verdicts["customer without an active policy", "no_active_policy"] > 10
    assert asked.verdicts["impostor", "nobody"] > 180
    assert ("impostor", "somebody's data") not in asked.verdicts
