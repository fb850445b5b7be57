"""docs/security.md states the limits in force, the context words that are refused, and nothing that is not there."""

from __future__ import annotations

import ast
import dataclasses
import re

import pytest

from areaclienti.domain.passwords import failed_rules
from areaclienti.gateway.limits import Limits
from areaclienti.settings import GatewaySettings, IdentitySettings
from tests.unit.markdown import ROOT, rows

PAGE = "docs/security.md"
TEXT = (ROOT / PAGE).read_text(encoding="utf-8")

# Numbers that are settings and protect nothing: ports, how patient and how eager the service is with other systems, how
# long customers wait for whom at the desk.
NO_LIMITS = {
    "identity_port",
    "gateway_port",
    "turn_timeout_seconds",
    "rate_limit_scale",
    "delivery_timeout_seconds",
    "outbox_poll_seconds",
    "outbox_lease_seconds",
    "outbox_at_once",
    "ports_timeout_seconds",
    "ports_deadline_seconds",
    "desk_consultant_seconds",
    "desk_agency_seconds",
    "desk_pool_seconds",
    "desk_offer_seconds",
    "desk_lease_seconds",
    "desk_wrap_up_seconds",
    "desk_sweep_seconds",
    "desk_errands_seconds",
}


def stated(cell: str) -> object:
    """`300 (5 minutes)` is 300."""
    value: object = ast.literal_eval(cell.split(" (")[0])
    return value


def name_of(cell: str) -> str:
    found = re.fullmatch(r"`(\w+)`", cell)
    assert found, cell
    return found[1]


def test_every_limit_that_is_a_setting_stands_there_with_its_value() -> None:
    listed = {name_of(row[0]): stated(row[1]) for row in rows(PAGE, "## Limits")}
    gateway = {field.name for field in dataclasses.fields(Limits)}
    limits = {name: value for name, value in listed.items() if name not in gateway}
    in_force = {
        name: field.default
        for name, field in (IdentitySettings.model_fields | GatewaySettings.model_fields).items()
        if isinstance(field.default, int | float | tuple) and not isinstance(field.default, bool)
    }
    assert limits == {name: value for name, value in in_force.items() if name not in NO_LIMITS}


def test_every_limit_of_the_gateway_stands_there_with_its_value() -> None:
    gateway = {field.name for field in dataclasses.fields(Limits)}
    of_gateway = [row for row in rows(PAGE, "## Limits") if row[0].strip("`") in gateway]
    listed = {name_of(name): (stated(burst), stated(per_second)) for name, burst, per_second, _ in of_gateway}
    rates = {field.name: getattr(Limits(), field.name) for field in dataclasses.fields(Limits)}
    assert listed == {name: (rate.burst, rate.per_second) for name, rate in rates.items()}


def test_the_limits_have_a_duration_in_words_that_is_theirs() -> None:
    for name, value, *_ in rows(PAGE, "## Limits"):
        if said := re.fullmatch(r"(\d+) \((\d+) (minutes|hours)\b.*\)", value):
            assert int(said[1]) == int(said[2]) * {"minutes": 60, "hours": 3600}[said[3]], name


CONTEXT_WORDS = [word for row in rows(PAGE, "### Passwords") for word in re.findall(r"`(\w+)`", row[0])]


@pytest.mark.parametrize("word", CONTEXT_WORDS)
@pytest.mark.parametrize("dressed", ["{0}2026!", "2026.{0}.7", "{0}{0}1"])
def test_a_context_word_is_refused_however_it_is_dressed(word: str, dressed: str) -> None:  # ASVS 6.2.11
    assert failed_rules(dressed.format(word.capitalize())) == ["too_common"]


def test_there_are_context_words_of_the_insurer_and_of_the_product() -> None:
    assert {"alleanza", "areaclienti"} <= set(CONTEXT_WORDS)
    assert len(CONTEXT_WORDS) > 20


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([\w/.-]+)(?:#[\w-]+)?\)", TEXT))))
def test_what_the_page_links_to_exists(link: str) -> None:
    assert (ROOT / "docs" / link).exists()


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`((?:areaclienti|tests)/[\w/.]+)`", TEXT))))
def test_the_files_that_the_page_names_exist(path: str) -> None:
    assert (ROOT / path).exists()
