"""The desk's refusals in the words of its API: a status, a code, who has it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from areaclienti.desk.operations import DeskRefused, Forbidden, SecretWritten, Stale, Taken, Unknown, WindowClosed
from areaclienti.gateway.engine_client import EngineError
from areaclienti.gateway.errors import ApiError, identity_unavailable
from areaclienti.gateway.identity_client import IdentityUnavailable


def refusal(refused: DeskRefused) -> ApiError:
    """The answer to a request that the desk refused."""
    if isinstance(refused, Unknown):
        return ApiError(404, "unknown", "there is no such thing, or you may not see it")
    if isinstance(refused, Forbidden):
        return ApiError(403, "forbidden", "you may not do that with it")
    if isinstance(refused, Taken):
        return ApiError(
            409, "taken", "somebody else has it, or it is over", owner=refused.owner, agent_name=refused.agent_name
        )
    if isinstance(refused, Stale):
        return ApiError(409, "stale", "it changed hands since your page was drawn", epoch=refused.epoch)
    if isinstance(refused, SecretWritten):
        return ApiError(422, "secret_written", "the text holds a secret of the customer: it was not kept")
    if isinstance(refused, WindowClosed):
        return ApiError(409, "window_closed", "WhatsApp takes no free text from us until the customer writes again")
    return ApiError(409, refused.code, "the desk does not do that")


@contextmanager
def told() -> Iterator[None]:
    """Refusals of `Operations` as answers."""
    try:
        yield
    except DeskRefused as refused:
        raise refusal(refused) from None
    except ValueError:
        raise ApiError(422, "invalid_input", "empty, too long, or not one of the documented values") from None
    except IdentityUnavailable:
        raise identity_unavailable() from None
    except EngineError:
        raise ApiError(503, "engine_unavailable", "nothing was done; try again") from None
