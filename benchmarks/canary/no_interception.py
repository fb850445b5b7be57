"""The control: the gateway with its interception of secrets taken out. Harness only, the product has no such switch."""

from __future__ import annotations

from fastapi import FastAPI

from areaclienti.gateway.app import create_app as the_product
from areaclienti.gateway.channels import web
from areaclienti.gateway.db.models import Conversation
from areaclienti.gateway.services import Services


def create_app() -> FastAPI:
    """The product, but every text that is typed goes to the ledger and to the engine as it is."""
    web.receive_text = _everything_to_the_engine  # type: ignore[assignment,attr-defined]
    return the_product()


async def _everything_to_the_engine(
    served: Services, conversation: Conversation, client_id: str, _client_address: str, text: str, *_: object
) -> tuple[int, None]:
    return await served.ledger.say(conversation.id, client_id, "text", text, None), None
