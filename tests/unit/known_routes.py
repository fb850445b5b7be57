"""Applications share the routers they have in common: what FastAPI finds out about those it finds out once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from starlette.routing import BaseRoute

_known: dict[tuple[Any, ...], BaseRoute] = {}
_overrides: dict[Callable[..., Any], Callable[..., Any]] = {}


def with_known_routes(app: FastAPI) -> FastAPI:
    """The application, with those of its included routers that an earlier application of this process included as well.

    FastAPI reads a route's signature and builds its models at the route's first request in each application: that
    costs more than the request itself, and routers of a module are the same for all. Other routes are left alone.
    Dependencies that a test overrides are shared with the routes: whoever overrides one leaves other applications be.
    """
    app.dependency_overrides = _overrides
    for place, route in enumerate(app.router.routes):
        if (included := getattr(route, "include_context", None)) is not None:
            key = (id(included.included_router), included.prefix, repr(included.dependencies))
            app.router.routes[place] = _known.setdefault(key, route)
    return app
