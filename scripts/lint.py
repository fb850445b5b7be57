"""All checks that need no running product, in the order of their speed (`make lint`)."""

from __future__ import annotations

import sys

from scripts.setup import ROOT
from scripts.stages import Stage, run_stages

_PYTHON = sys.executable
_ENGINE_PYTHON = str(ROOT / ".venv-engine" / "bin" / "python")


def main() -> int:
    """Run every check, also after one that failed; return the exit code."""
    return run_stages(
        [
            Stage("ruff check", (_PYTHON, "-m", "ruff", "check", ".")),
            Stage("ruff format", (_PYTHON, "-m", "ruff", "format", "--check", ".")),
            Stage("map of the code", (_PYTHON, "-m", "scripts.module_map", "--check")),
            Stage("committed files", (_PYTHON, "-m", "scripts.committed")),
            Stage("mypy", (_PYTHON, "-m", "mypy")),
            Stage("Rasa project", (_ENGINE_PYTHON, "-m", "engine", "validate")),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
