"""Runs the tests in stages, the fast ones in parallel first (`make test`, `make test-fast`)."""

from __future__ import annotations

import os
import sys

from scripts.setup import ROOT
from scripts.stages import Stage, run_stages

_PYTEST = (sys.executable, "-m", "pytest", "-q", "--durations=5", "--durations-min=1")
# A page or a product that came too late once is tried once more, and is named at the end; a wrong answer never is.
_PATIENT = ("--reruns", "1", "--only-rerun", "(?i)timeout|timed out", "-raR")
_FAST = ("tests/unit",)
_WITHOUT_PRODUCT = ("tests/contract", "tests/fuzz", "tests/nlu", "tests/browser/widget")
_SCENARIOS = "tests/scenarios"
# Inside Rasa's own environment, which has none of the plugins that pyproject.toml configures.
_INSIDE_ENGINE = "tests/engine_inside"
_ENGINE_PYTEST = (
    str(ROOT / ".venv-engine" / "bin" / "python"), "-m", "pytest", "-q", "-c", os.devnull, "-p", "no:cacheprovider",
    "--rootdir", str(ROOT), "--confcutdir", _INSIDE_ENGINE, _INSIDE_ENGINE,
)  # fmt: skip


def main() -> int:
    """Run the stages; `--fast` runs the unit tests alone. Return the exit code."""
    parallel = ("-n", "auto", "--dist", "worksteal")
    stages = [Stage("unit", (*_PYTEST, *parallel, *_FAST))]
    if "--fast" not in sys.argv[1:]:
        rest = [f"tests/{name}" for name in sorted(os.listdir(ROOT / "tests")) if holds_tests(f"tests/{name}")]
        leave = [f"--ignore={folder}" for folder in _WITHOUT_PRODUCT]
        rest.remove(_SCENARIOS)
        # Pages and a product's processes are mostly waited for: something that computes alone fits beside them.
        train = Stage("train", (sys.executable, "-m", "areaclienti", "train"))
        stages.append(Stage("contract, data, widget", (*_PYTEST, *_PATIENT, *parallel, *_WITHOUT_PRODUCT), train))
        # Side by side, a file's tests in one process with one product.
        inside = Stage("inside the engine", _ENGINE_PYTEST)
        two = (*_PYTEST, *_PATIENT, "-n", "2", "--dist", "loadfile")
        stages.append(Stage("product", (*two, *rest, *leave), inside))
        # Played side by side on one product by themselves.
        stages.append(Stage("scenarios", (*_PYTEST, *_PATIENT, _SCENARIOS)))
    return run_stages(stages)


def holds_tests(folder: str) -> bool:
    """Tell whether it is a folder with tests that use the running product."""
    if folder in {*_FAST, *_WITHOUT_PRODUCT, _INSIDE_ENGINE} or not (ROOT / folder).is_dir():
        return False
    return any((ROOT / folder).rglob("test_*.py"))


if __name__ == "__main__":
    sys.exit(main())
