"""What the desk's routes work with: the agents' side of the desk that this process serves."""

from __future__ import annotations

from starlette.requests import HTTPConnection

from areaclienti.desk.wiring import AgentsDesk
from areaclienti.gateway.services import services_of


async def desk_of(connection: HTTPConnection) -> AgentsDesk:
    """The agents' side; these routes exist only where there is one."""
    desk = services_of(connection).desk
    assert desk is not None, "the desk's routes are included only with a desk"
    return desk
