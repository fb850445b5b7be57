"""The button of an interactive message that opens a Flow."""

from __future__ import annotations

from areaclienti.simulator.checks.reading import Node
from areaclienti.simulator.errors import Refusal


def check_flow(action: Node) -> None:
    """The Flow by id or name, its label, and how it begins. Raises `Refusal`."""
    action.one_of("name", "flow")
    parameters = action.object("parameters")
    parameters.one_of("flow_message_version", "3")
    parameters.text("flow_cta", "flow.cta")
    parameters.optional_text("flow_token")
    if parameters.has("flow_id") == parameters.has("flow_name"):
        raise Refusal(131009, "Exactly one of flow_id and flow_name is needed.")
    parameters.optional_text("flow_id")
    parameters.optional_text("flow_name")
    if parameters.has("mode"):
        parameters.one_of("mode", "draft", "published")
    begins = parameters.one_of("flow_action", "navigate", "data_exchange") if parameters.has("flow_action") else None
    if parameters.has("flow_action_payload"):
        if begins == "data_exchange":
            raise Refusal(131009, "flow_action_payload goes with flow_action navigate alone.")
        payload = parameters.object("flow_action_payload")
        payload.text("screen")
        payload.any_object("data")
        payload.end()
    parameters.end()
    action.end()
