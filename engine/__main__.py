"""Command line of the engine: serve, train, validate (run with the engine's environment: `python -m engine`)."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import warnings
from pathlib import Path

from engine import absent

DEFAULTS = {
    "RASA_TELEMETRY_ENABLED": "false",
    "AREACLIENTI_ENGINE_DATABASE_URL": "sqlite:///var/engine.db",
    "AREACLIENTI_ACTIONS_URL": "http://127.0.0.1:5055/webhook",
    "AREACLIENTI_ACTIONS_KEY": "",
    "AREACLIENTI_ENGINE_KEY": "",
}

# What `rasa data validate` takes for a slip and is meant.
EXPECTED_WARNINGS = (
    # Actions say most responses: tests/unit/test_dialogue.py holds them against rules and actions together.
    "The utterance '.*' is not used in any story or rule",
    # The gateway sends these; nobody types them.
    "The intent '(open_chat|come_back|send_media|hand_back|give_secret|choose_contact|confirm_data)' is listed in the",
    # Advice for projects of Rasa 2: slots and entities of one name, filled by the forms here.
    "Slot auto-fill has been removed",
)


def main() -> int:
    arguments = _parser().parse_args()
    for name, value in DEFAULTS.items():
        os.environ.setdefault(name, value)
    warnings.filterwarnings("ignore")  # Rasa 3.6 warns of its own old dependencies, a hundred lines a start
    absent.install()
    run = {"serve": _serve, "train": _train, "validate": _validate}[arguments.command]
    try:
        return run(arguments)
    except Exception as error:
        if missing := _absent_library(error):
            print(f"error: {missing}", file=sys.stderr)
            return 1
        raise


def _absent_library(error: BaseException | None) -> absent.AbsentLibraryError | None:
    """The absent library behind an error that Rasa has wrapped in its own."""
    while error is not None and not isinstance(error, absent.AbsentLibraryError):
        error = error.__cause__ or error.__context__
    return error


def _serve(arguments: argparse.Namespace) -> int:
    from engine.logs import configure
    from engine.serve import create_app

    configure(os.environ.get("AREACLIENTI_LOG_LEVEL", "INFO"))
    app = create_app(Path(arguments.models), Path("endpoints.yml"), Path("credentials.yml"))
    app.run(host=arguments.host, port=arguments.port, workers=1, access_log=False, motd=False)
    return 0


def _train(arguments: argparse.Namespace) -> int:
    from rasa.model_training import train

    result = train(
        domain="domain.yml",
        config="config.yml",
        training_files=["data"],
        output=arguments.models,
        fixed_model_name=arguments.name,
    )
    return int(result.code if result.model is None else 0)


def _validate(arguments: argparse.Namespace) -> int:
    from rasa.cli.utils import validate_files
    from rasa.shared.importers.rasa import RasaFileImporter

    logging.basicConfig(level=logging.WARNING)
    warnings.filterwarnings("default", category=UserWarning, module="rasa")  # what is wrong is said in warnings
    for expected in EXPECTED_WARNINGS:
        warnings.filterwarnings("ignore", message=expected)
    project = RasaFileImporter(domain_path="domain.yml", training_data_paths=["data"], config_file="config.yml")
    validate_files(fail_on_warnings=True, max_history=None, importer=project)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m engine", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="serve the newest model to the gateway")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=int, default=5005)
    serve.add_argument("--models", default="models")
    train = commands.add_parser("train", help="train what changed into models/")
    train.add_argument("--models", default="models")
    train.add_argument("--name", default=None, help="file name of the model")
    commands.add_parser("validate", help="rasa data validate, warnings fail")
    return parser


if __name__ == "__main__":
    sys.exit(main())
