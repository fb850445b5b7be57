"""Who may see and do what: every role, agency and action, against every kind of handover."""

from __future__ import annotations

from itertools import product
from typing import get_args

import pytest

from areaclienti.desk.scope import Action, Where, Who, may, overall, sees_all

ACTIONS = get_args(Action)
OWN_ACTIONS = {"reply", "note", "draft", "transfer", "release", "hand_back", "close", "new_contact", "reveal"}
SUPERVISED = {"note", "transfer", "release", "force_take"}
COUNTED = {"figures", "export"}


def who(role: str, agency: str | None = None, consultant: str | None = None, active: bool = True) -> Who:
    return Who("me", frozenset({role}), agency, consultant, active)


def where(
    level: str | None = "pool", agency: str | None = None, consultant: str | None = None, mine: bool = False
) -> Where:
    return Where(level, agency, consultant, "me" if mine else None)


def allowed(agent: Who, handover: Where) -> set[str]:
    return {action for action in ACTIONS if may(agent, action, handover)}


@pytest.mark.parametrize("role", ["agente", "supervisore", "auditor"])
@pytest.mark.parametrize("level", ["consultant", "agency", "pool", None])
@pytest.mark.parametrize("theirs", ["AG2", None])
@pytest.mark.parametrize("mine", [False, True])
def test_nobody_of_an_agency_may_do_anything_with_another_agency_s_customers(
    role: str, level: str | None, theirs: str | None, mine: bool
) -> None:
    agent = who(role, "AG1", "C1")
    assert allowed(agent, where(level, theirs, "C1", mine)) == set()


@pytest.mark.parametrize(
    ("level", "consultant", "may_claim"),
    [("consultant", "C1", True), ("consultant", "C2", False), ("agency", "C2", True), ("pool", "C2", True)],
)
def test_an_agent_sees_his_agency_s_and_claims_what_has_come_to_him(
    level: str, consultant: str, may_claim: bool
) -> None:
    found = allowed(who("agente", "AG1", "C1"), where(level, "AG1", consultant))
    assert found == ({"read", "claim"} if may_claim else {"read"})


def test_an_agent_works_on_what_he_has_and_on_nothing_else() -> None:
    agent = who("agente", "AG1", "C1")
    assert allowed(agent, where("agency", "AG1", mine=True)) == {"read", "claim"} | OWN_ACTIONS
    assert allowed(agent, where("agency", "AG1")) == {"read", "claim"}


@pytest.mark.parametrize("agency", ["AG1", None])
def test_the_pool_sees_what_has_come_to_it(agency: str | None) -> None:
    agent = who("agente")
    assert allowed(agent, where("pool", agency)) == {"read", "claim"}
    for level in ("consultant", "agency", None):
        assert allowed(agent, where(level, agency)) == set()


def test_supervisors_watch_over_their_agency_and_those_of_the_pool_over_all() -> None:
    for level in ("consultant", "agency", "pool"):
        assert allowed(who("supervisore", "AG1"), where(level, "AG1", "C1")) >= {"read"} | SUPERVISED | COUNTED
        assert allowed(who("supervisore"), where(level, "AG1", "C1")) >= {"read"} | SUPERVISED | COUNTED
    assert "reply" not in allowed(who("supervisore"), where("pool"))


@pytest.mark.parametrize("agency", ["AG1", None])
@pytest.mark.parametrize("mine", [False, True])
def test_auditors_read_and_count_and_do_nothing(agency: str | None, mine: bool) -> None:
    assert allowed(who("auditor", agency), where("agency", "AG1", mine=mine)) == {"read"} | COUNTED


def test_who_was_revoked_or_has_no_role_may_do_nothing() -> None:
    for role, agency, level, mine in product(
        ["agente", "supervisore", "auditor"], ["AG1", None], ["consultant", "agency", "pool", None], [True, False]
    ):
        assert allowed(who(role, agency, active=False), where(level, "AG1", mine=mine)) == set()
        nobody = Who("me", frozenset({"admin"}), agency, None, True)
        assert allowed(nobody, where(level, "AG1", mine=mine)) == set()


@pytest.mark.parametrize("agency", ["AG1", None])
@pytest.mark.parametrize(("role", "counts"), [("agente", False), ("supervisore", True), ("auditor", True)])
def test_figures_are_for_those_who_watch_over_their_agency_or_over_all(
    role: str, agency: str | None, counts: bool
) -> None:
    agent = who(role, agency)
    assert [may(agent, action, overall(agent)) for action in ("figures", "export")] == [counts, counts]
    assert sees_all(agent) is (counts and agency is None)
    gone = who(role, agency, active=False)
    assert not may(gone, "figures", overall(gone)) and not sees_all(gone)


@pytest.mark.parametrize("role", ["agente", "supervisore", "auditor"])
@pytest.mark.parametrize("mine", ["AG1", "AG2", None])
@pytest.mark.parametrize("theirs", ["AG1", None])
@pytest.mark.parametrize("requested_by", ["me", "other", None])
@pytest.mark.parametrize("active", [True, False])
@pytest.mark.parametrize("has_it", [True, False])
def test_a_new_contact_is_decided_by_a_second_person_of_the_customer_s_agency_alone(
    role: str, mine: str | None, theirs: str | None, requested_by: str | None, active: bool, has_it: bool
) -> None:
    request = Where("pool", theirs, None, "me" if has_it else None, requested_by)
    may_decide = active and role != "auditor" and requested_by == "other" and mine == theirs
    assert may(who(role, mine, active=active), "decide_contact", request) is may_decide
