"""The examples of docs/input-rules.md are what the rules really accept and refuse."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from areaclienti.domain.codes import looks_like_code
from areaclienti.domain.companies import clean_company
from areaclienti.domain.contacts import ContactRejected, parse_contact
from areaclienti.domain.names import NameRejected, clean_name
from areaclienti.domain.passwords import failed_rules
from areaclienti.domain.taxcodes import TaxCodeRejected, parse_tax_code
from tests.unit.markdown import ROOT, rows

PAGE = "docs/input-rules.md"


def accepts(rule: Callable[[str], object], *refusals: type[Exception]) -> Callable[[str], bool]:
    def ask(text: str) -> bool:
        try:
            rule(text)
        except refusals:
            return False
        return True

    return ask


def is_a(kind: str) -> Callable[[str], bool]:
    parsed = accepts(parse_contact, ContactRejected)
    return lambda text: parsed(text) and parse_contact(text).kind == kind


RULES: dict[str, Callable[[str], bool]] = {
    "given name, family name": accepts(clean_name, NameRejected),
    "company name": accepts(clean_company, NameRejected),
    "contact: e-mail": is_a("email"),
    "contact: mobile": is_a("mobile"),
    "password": lambda text: failed_rules(text) == [],
    "verification code": lambda text: looks_like_code(text) is not None,
    "codice fiscale, partita IVA": accepts(parse_tax_code, TaxCodeRejected),
}


def examples(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_every_item_has_a_rule_and_every_rule_an_item() -> None:
    assert [row[0] for row in rows(PAGE, "## Items")[: len(RULES)]] == list(RULES)


@pytest.mark.parametrize("row", rows(PAGE, "## Items")[: len(RULES)], ids=lambda row: row[0])
def test_the_examples_are_accepted_and_refused_as_the_page_says(row: list[str]) -> None:
    item, accepted, refused, _, module = row
    assert len(examples(accepted)) > 1 and len(examples(refused)) > 1
    assert [text for text in examples(accepted) if not RULES[item](text)] == []
    assert [text for text in examples(refused) if RULES[item](text)] == []
    assert (ROOT / examples(module)[0]).is_file()


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`(areaclienti/[\w/.]+)`", (ROOT / PAGE).read_text()))))
def test_the_places_that_the_page_names_exist(path: str) -> None:
    assert (ROOT / path).exists()
