"""Domain, rules and actions hold together: every response is said by something, every intent is handled everywhere."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from actions.answers import ANSWER_INTENTS
from actions.forms.recheck import CORRECTIONS

ROOT = Path(__file__).parents[2]
DOMAIN = yaml.safe_load((ROOT / "domain.yml").read_text("utf-8"))
RULES: list[dict[str, Any]] = [
    rule for file in sorted((ROOT / "data/rules").glob("*.yml")) for rule in yaml.safe_load(file.read_text())["rules"]
]
SOURCES = {file: file.read_text("utf-8") for file in (ROOT / "actions").rglob("*.py")}
FORMS = DOMAIN["forms"]


def names(entries: list[Any]) -> set[str]:
    return {entry if isinstance(entry, str) else next(iter(entry)) for entry in entries}


def said_by_rules() -> set[str]:
    return {step["action"] for rule in RULES for step in rule["steps"] if "action" in step}


def said_by_actions() -> set[str]:
    said = {name for source in SOURCES.values() for name in re.findall(r'"(utter_\w+)"', source)}
    # The two families that are put together from a reason.
    reasons = ("email_invalid", "mobile_invalid", "mobile_foreign", "landline", "not_clear")
    return said | {f"utter_contact_{reason}" for reason in reasons}


def asked_by_forms() -> set[str]:
    return {f"utter_ask_{slot}" for form in FORMS.values() for slot in form["required_slots"]}


def intents_with_a_rule(condition: dict[str, Any] | None) -> set[str]:
    return {
        step["intent"]
        for rule in RULES
        for step in rule["steps"]
        if "intent" in step and (condition is None or rule.get("condition", [condition]) == [condition])
    }


def test_every_response_that_is_said_exists() -> None:
    said = said_by_rules() | said_by_actions()
    assert {name for name in said if name.startswith("utter_")} <= set(DOMAIN["responses"])


def test_every_response_is_said_somewhere() -> None:
    assert set(DOMAIN["responses"]) <= said_by_rules() | said_by_actions() | asked_by_forms()


def test_every_form_can_ask_for_each_of_its_slots() -> None:
    actions = names(DOMAIN["actions"])
    for form in FORMS.values():
        for slot in form["required_slots"]:
            assert f"utter_ask_{slot}" in DOMAIN["responses"] or f"action_ask_{slot}" in actions, slot


def test_every_action_of_the_domain_is_in_the_code_and_the_other_way_round() -> None:
    written = {
        name for source in SOURCES.values() for name in re.findall(r'return "((?:action|validate)_\w+)"', source)
    }
    assert written == names(DOMAIN["actions"])


@pytest.mark.parametrize("form", [None, *FORMS])
def test_every_intent_is_handled_in_every_form_and_outside(form: str | None) -> None:
    handled = intents_with_a_rule({"active_loop": form})
    if form:
        handled |= ANSWER_INTENTS - (CORRECTIONS if form == "recheck_form" else set())
    # The chat opens once, before any form.
    assert set(DOMAIN["intents"]) - {"open_chat"} <= handled


def test_what_a_form_reads_has_no_rule_that_would_race_it() -> None:
    everywhere = {
        step["intent"] for rule in RULES if "condition" not in rule for step in rule["steps"] if "intent" in step
    }
    assert not everywhere & ANSWER_INTENTS


def test_every_question_has_an_answer_in_other_words() -> None:
    for name in asked_by_forms() & set(DOMAIN["responses"]):
        assert len(DOMAIN["responses"][name]) >= 2, name


def test_buttons_name_intents_and_entities_of_the_domain_and_fit_whatsapp() -> None:
    for variations in DOMAIN["responses"].values():
        for variation in variations:
            titles = [button["title"] for button in variation.get("buttons", [])]
            assert len(set(titles)) == len(titles)
            for button in variation.get("buttons", []):
                intent, _, rest = button["payload"].removeprefix("/").partition("{")
                assert intent in DOMAIN["intents"]
                assert set(re.findall(r'"(\w+)":', rest)) <= set(DOMAIN["entities"])
