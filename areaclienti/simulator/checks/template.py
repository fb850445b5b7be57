"""A template message. Whether Meta approved the template, and its text, can't be known here."""

from __future__ import annotations

import re

from areaclienti.simulator.checks.reading import Node
from areaclienti.simulator.errors import Refusal

_NAME = re.compile(r"[a-z0-9_]+")
_LANGUAGE = re.compile(r"[a-z]{2,3}(_[A-Z]{2})?")


def check_template(template: Node) -> None:
    """Name, language and the values of the placeholders. Raises `Refusal`."""
    name = template.text("name", "template.name")
    if not _NAME.fullmatch(name):
        raise Refusal(132001, "A template's name has lower-case letters, digits and underscores.")
    language = template.object("language")
    if not _LANGUAGE.fullmatch(language.text("code")):
        raise Refusal(132001, "Param language.code is not a language code.")
    language.end()
    if template.has("components"):
        for component in template.objects("components"):
            _check_component(component)
    template.end()


def _check_component(component: Node) -> None:
    kind = component.one_of("type", "header", "body", "button")
    if kind == "button":
        component.one_of("sub_type", "url", "quick_reply", "flow")
        component.text("index")
    for parameter in component.objects("parameters"):
        allowed = ("text", "payload", "action") if kind == "button" else ("text",)
        parameter_type = parameter.one_of("type", *allowed)
        if parameter_type == "action":
            parameter.any_object("action")
        elif parameter_type == "payload":
            parameter.text("payload")
        else:
            _check_value(parameter.text("text", None if kind == "button" else f"template.{kind}_parameter"))
        parameter.optional_text("parameter_name")
        parameter.end()
    component.end()


def _check_value(value: str) -> None:
    # The page of error codes, 132007 and 132012: no new line, no tab, no more than four spaces in a row.
    if re.search(r"[\n\t]| {5}", value):
        raise Refusal(132012, "A parameter can't have new lines, tabs or more than four consecutive spaces.")
