"""Serves the actions with rasa-sdk's own app in one process: `python -m areaclienti.supervisor.action_server --port N`.

`python -m rasa_sdk` brings Sanic's process manager along: four processes and twice the memory for the same one worker
(docs/decisions/0002-toolchain.md).
"""

from __future__ import annotations

import argparse
import hmac
from typing import Any

from rasa_sdk.endpoint import create_app
from rasa_sdk.executor import ActionExecutor
from sanic import HTTPResponse, Request, Sanic, json

from areaclienti import logging
from areaclienti.settings import ActionsSettings

ACTIONS = "actions"


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    port: int = parser.parse_args().port
    settings = ActionsSettings()
    logging.configure(ACTIONS, settings.log_level)
    app = make_app(settings.actions_key.get_secret_value())
    app.prepare(host="127.0.0.1", port=port, single_process=True, motd=False, access_log=False)
    Sanic.serve_single(app)


def make_app(key: str) -> Sanic[Any, Any]:
    """rasa-sdk's app, which asks nobody for a key, behind the engine's: an action speaks to identity in the name of
    whatever conversation the caller says. `/health` stays open.
    """
    executor = ActionExecutor()
    executor.register_package(ACTIONS)
    app: Sanic[Any, Any] = create_app(executor, cors_origins=[])  # no browser calls it
    expected = f"Bearer {key}".encode()

    async def require_key(request: Request) -> HTTPResponse | None:
        given = request.headers.get("Authorization", "").encode()
        if request.path == "/health" or hmac.compare_digest(given, expected):
            return None
        return json({"code": "unauthorised", "message": "The key is missing or unknown."}, 401)

    app.register_middleware(require_key, "request")
    return app


if __name__ == "__main__":
    main()
