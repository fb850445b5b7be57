"""A text with a button that opens a Flow: a form inside WhatsApp."""

from __future__ import annotations

from typing import Any

from areaclienti.gateway.channels.whatsapp.message_types.limits import within

# https://developers.facebook.com/docs/whatsapp/flows/guides/sendingaflow#interactive-message-parameters
BODY = 1024
TITLE = 20
VERSION = "3"  # of such messages; there is no other


def flow(body: str, title: str, flow_id: str, token: str) -> dict[str, Any]:
    """The message object. `token` is a secret: the Flow's endpoint knows by it what is asked, and of whom. Which screen
    opens is the endpoint's to say, so the first thing that happens is a look at the token. Raises OverLimit.
    """
    parameters = {
        "flow_message_version": VERSION,
        "mode": "published",
        "flow_id": flow_id,
        "flow_token": token,
        "flow_cta": within("title", title, TITLE),
        "flow_action": "data_exchange",
    }
    interactive = {
        "type": "flow",
        "body": {"text": within("body", body, BODY)},
        "action": {"name": "flow", "parameters": parameters},
    }
    return {"type": "interactive", "interactive": interactive}
