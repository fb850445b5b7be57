"""Serves the actions with rasa-sdk's own app in one process: `python -m areaclienti.supervisor.action_server --port N`.

`python -m rasa_sdk` brings Sanic's process manager along: four processes and twice the memory for the same one worker
(docs/decisions/0002-toolchain.md).
"""

from __future__ import annotations

import argparse

from rasa_sdk.endpoint import create_app
from rasa_sdk.executor import ActionExecutor
from sanic import Sanic

from areaclienti import logging
from areaclienti.settings import ActionsSettings

ACTIONS = "actions"


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    port: int = parser.parse_args().port
    logging.configure(ACTIONS, ActionsSettings().log_level)
    executor = ActionExecutor()
    executor.register_package(ACTIONS)
    app = create_app(executor, cors_origins=[])  # no browser calls it
    app.prepare(host="127.0.0.1", port=port, single_process=True, motd=False, access_log=False)
    Sanic.serve_single(app)


if __name__ == "__main__":
    main()
