"""The engine as `rasa run --debug` sets its logging up: most talkative. Run with the engine's interpreter."""

from __future__ import annotations

import logging
import os
import sys


def main() -> int:
    """Serve as `python -m engine` does, after Rasa's own set-up of its loggers at DEBUG."""
    from engine import __main__ as engine
    from engine import absent

    for name, value in engine.DEFAULTS.items():
        os.environ.setdefault(name, value)
    absent.install()
    from rasa.utils.common import configure_logging_and_warnings
    from rasa.utils.log_utils import configure_structlog

    configure_logging_and_warnings(log_level=logging.DEBUG, warn_only_once=False, filter_repeated_logs=False)
    configure_structlog(logging.DEBUG)
    return engine.main()


if __name__ == "__main__":
    sys.exit(main())
