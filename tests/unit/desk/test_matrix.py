"""Every route × every role × own agency, other agency, pool, revoked, signed out: as scope.py says, nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from fastapi import APIRouter, Depends, Request

from areaclienti.desk import operations
from areaclienti.desk.errands import Errands
from areaclienti.desk.rounds import Rounds
from areaclienti.desk.scope import Role
from areaclienti.desk.web import ROUTERS
from areaclienti.desk.web.access import SignedIn, signed_in
from areaclienti.desk.wiring import SUMMARY
from areaclienti.gateway.db.desk import Handover
from areaclienti.gateway.db.models import Message
from tests.unit.desk.matrix import RIGHTS, ROLES, Matrix, Right, routes_of
from tests.unit.gateway.conftest import build, running
from tests.unit.gateway.database import database_file
from tests.unit.gateway.doubles import Engine, Identity


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """In memory where there is such a folder: a thousand answers need not wait for a disk."""
    memory = Path("/dev/shm")
    with TemporaryDirectory(dir=memory if memory.is_dir() else tmp_path) as folder:
        yield database_file(Path(folder))


@pytest.fixture
async def matrix(url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Matrix]:
    async def nothing(_: object, _seconds: float) -> None:
        """Nothing moves but by a request: what waits would be placed, or go to the pool when the desk closes."""

    monkeypatch.setattr(Rounds, "run", nothing)
    monkeypatch.setattr(Errands, "run", nothing)
    identity = Identity()
    identity.app.router.add_api_route(SUMMARY, _summary, methods=["GET"])
    identity.app.router.routes.insert(0, identity.app.router.routes.pop())
    engine = Engine()
    engine.given = {"contact": "somebody@example.it"}
    app = build(engine, identity, url, desk=True, desk_sweep_seconds=3600, delivery="live", demo=False)
    async with running(app):
        made = Matrix(app)
        await made.prepare()
        yield made


@pytest.mark.timeout(600)  # some four hundred answers
@pytest.mark.parametrize("role", ROLES)
async def test_every_route_answers_everybody_as_scope_says(matrix: Matrix, role: Role) -> None:
    assert "\n".join(await matrix.findings(ROUTERS, RIGHTS, role)) == ""


def test_every_right_is_of_a_route_that_there_is() -> None:
    assert set(RIGHTS) <= set(routes_of(ROUTERS))


async def test_a_route_without_a_right_is_found(matrix: Matrix) -> None:
    stray = APIRouter()
    stray.get("/desk/api/stray")(_says_hello)
    assert await matrix.findings([stray], RIGHTS) == ["GET /desk/api/stray: no right is declared"]


async def test_a_route_that_forgets_scope_is_found(matrix: Matrix) -> None:
    """The mutant: signed in is enough for it."""
    mutant = APIRouter()
    mutant.get("/desk/api/handovers/{handover_id}/mutant")(_reads_without_asking)
    matrix.app.include_router(mutant)
    found = await matrix.findings([mutant], {("GET", "/desk/api/handovers/{handover_id}/mutant"): Right("handover")})
    assert any(
        "agente of AG-01, active, which waits in another agency: 200 for what he may not see" in one for one in found
    )
    assert not any("revoked" in one for one in found)


async def test_a_route_that_asks_nobody_who_he_is_is_found(matrix: Matrix) -> None:
    mutant = APIRouter()
    mutant.get("/desk/api/anybody")(_says_hello)
    matrix.app.include_router(mutant)
    found = await matrix.findings([mutant], {("GET", "/desk/api/anybody"): Right("signed_in")})
    assert len(found) == 10  # nine who were revoked, one who signed out


async def test_a_list_that_shows_all_agencies_is_found(matrix: Matrix) -> None:
    mutant = APIRouter()
    mutant.get("/desk/api/everything")(_lists_without_asking)
    matrix.app.include_router(mutant)
    found = await matrix.findings([mutant], {("GET", "/desk/api/everything"): Right("signed_in")})
    assert any("agente of AG-01" in one and "shows mark-of-1-agency-AG-02" in one for one in found)


async def test_operations_that_forget_scope_are_found(matrix: Matrix, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "_may", lambda agent, action, handover: True)
    claims = APIRouter()
    claims.add_api_route("/desk/api/handovers/{handover_id}/claim", _says_hello, methods=["POST"])  # the product's own
    assert len(await matrix.findings([claims], RIGHTS)) > 20


async def _summary() -> dict[str, Any]:
    return {"registration": "none", "checks": [], "identified": False}


async def _says_hello() -> dict[str, str]:
    return {"said": "hello"}


async def _reads_without_asking(
    handover_id: str, request: Request, who: SignedIn = Depends(signed_in)
) -> dict[str, Any]:  # fmt: skip
    database = request.app.state.services.database
    handover = await database.read(lambda session: session.get(Handover, handover_id))
    return {"reason": handover.reason, "reader": who.name}


async def _lists_without_asking(request: Request, who: SignedIn = Depends(signed_in)) -> dict[str, Any]:
    database = request.app.state.services.database
    return {"texts": await database.read(lambda session: [one.text for one in session.query(Message)]), "who": who.name}
