"""The Flow that is uploaded to Meta: the same as pywa's classes make, within Meta's limits, one purpose a screen."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pywa import utils
from pywa.types.flows import (
    ComponentRef,
    DataExchangeAction,
    FlowJSON,
    Footer,
    InputType,
    Layout,
    Screen,
    ScreenData,
    TextBody,
    TextCaption,
    TextHeading,
    TextInput,
)

from areaclienti.domain.passwords import RULES
from areaclienti.gateway.channels.whatsapp.flows.screens import SCREENS, flow_json, flow_texts
from areaclienti.gateway.texts import Purpose, load_texts
from areaclienti.web.pages import STATIC_DIR

PURPOSES: list[Purpose] = ["password", "tax_code"]
# https://developers.facebook.com/docs/whatsapp/flows/reference/components
MOST_CHARACTERS = {
    ("TextHeading", "text"): 80,
    ("TextBody", "text"): 4096,
    ("TextCaption", "text"): 409,
    ("TextInput", "label"): 20,
    ("TextInput", "helper-text"): 80,
    ("Footer", "label"): 35,
}


def screen_of(purpose: Purpose) -> dict[str, Any]:
    (found,) = [screen for screen in flow_json()["screens"] if screen["id"] == SCREENS[purpose]]
    return found


def components() -> list[dict[str, Any]]:
    return [child for screen in flow_json()["screens"] for child in screen["layout"]["children"]]


def built(purpose: Purpose, heading: str, label: str, input_type: InputType, least: int, most: int,
          helper: str, caption: str) -> Screen:  # fmt: skip
    """The screen as pywa's classes write it."""
    return Screen(
        id=SCREENS[purpose],
        title="Area Clienti",
        terminal=True,
        data=[advice := ScreenData(key="advice", example=flow_texts().screens[purpose].advice)],
        sensitive=[purpose],
        layout=Layout(
            children=[
                TextHeading(text=heading),
                TextBody(text=advice.ref),
                TextInput(name=purpose, label=label, input_type=input_type, required=True, min_chars=least,
                          max_chars=most, helper_text=helper),
                TextCaption(text=caption),
                Footer(label="Continua", on_click_action=DataExchangeAction(payload={purpose: ComponentRef(purpose)})),
            ]
        ),
    )  # fmt: skip


def test_pywa_s_classes_make_the_same_flow() -> None:
    flow = FlowJSON(
        version=utils.Version.FLOW_JSON.value,
        data_api_version=utils.Version.FLOW_DATA_API.value,
        routing_model={screen: [] for screen in SCREENS.values()},
        screens=[
            built("password", "Crea la tua password", "Password", InputType.PASSWORD, 8, 128,
                  "Almeno 8 caratteri, una maiuscola, una minuscola e un numero.",
                  "La password non passa dalla chat: nessuno può leggerla, nemmeno i nostri operatori."),
            built("tax_code", "Inserisci il Codice Fiscale o la Partita IVA", "Codice o Partita IVA", InputType.TEXT,
                  11, 32, "Codice Fiscale: 16 caratteri. Partita IVA: 11 cifre.",
                  "Il codice non passa dalla chat: serve solo per riconoscerti."),
        ],
    )  # fmt: skip
    assert json.loads(flow.to_json()) == flow_json()


def test_its_versions_are_the_newest_that_pywa_knows() -> None:
    assert flow_json()["version"] == utils.Version.FLOW_JSON.value
    assert flow_json()["data_api_version"] == utils.Version.FLOW_DATA_API.value


def test_every_text_is_within_its_limit() -> None:
    seen = set()
    for component in components():
        for (kind, key), most in MOST_CHARACTERS.items():
            if component["type"] == kind and key in component:
                assert 0 < len(component[key].strip()) <= most, component
                seen.add((kind, key))
    assert seen == MOST_CHARACTERS.keys()


@pytest.mark.parametrize("purpose", PURPOSES)
def test_each_screen_asks_for_one_secret_sends_it_to_the_endpoint_and_hides_it(purpose: Purpose) -> None:
    screen = screen_of(purpose)
    (field,) = [child for child in screen["layout"]["children"] if child["type"] == "TextInput"]
    (button,) = [child for child in screen["layout"]["children"] if child["type"] == "Footer"]
    assert screen["sensitive"] == [field["name"]] == [purpose]
    # `complete` would send the value into the chat
    assert button["on-click-action"] == {"name": "data_exchange", "payload": {purpose: f"${{form.{purpose}}}"}}
    assert field["input-type"] == ("password" if purpose == "password" else "text")


def test_nothing_leads_anywhere_but_to_the_endpoint() -> None:
    actions = [child["on-click-action"]["name"] for child in components() if "on-click-action" in child]
    assert actions == ["data_exchange"] * len(SCREENS)


def test_its_words_are_those_of_the_one_time_page() -> None:
    page = (STATIC_DIR.parent / "templates" / "secret_form.html").read_text(encoding="utf-8")
    for purpose in PURPOSES:
        children = screen_of(purpose)["layout"]["children"]
        said = [child["text"] for child in children if child["type"] in ("TextHeading", "TextCaption")]
        for text in [*said, flow_texts().screens[purpose].advice]:
            assert text in page


def test_every_rule_of_the_vault_has_words() -> None:
    for rule in (*RULES, "not_a_tax_code"):
        assert load_texts().secret_faults[rule]
