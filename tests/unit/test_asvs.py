"""docs/asvs.md says of every ASVS 5.0 level 2 requirement of V2, V6 and V7 which test shows it, or why none does."""

from __future__ import annotations

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
import yaml

from tests.unit.markdown import ROOT, rows

PAGE = "docs/asvs.md"
CHAPTERS = ("## V2 Validation and business logic", "## V6 Authentication", "## V7 Session management")
LEVELS: dict[str, int] = yaml.safe_load((Path(__file__).parent / "data" / "asvs_levels.yml").read_text())

_TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
_REASON = re.compile(r"(exception|not applicable): (.+)")
_FEWEST_WORDS = 6


def table() -> list[list[str]]:
    return [row for chapter in CHAPTERS for row in rows(PAGE, chapter)]


def test_every_requirement_stands_once_with_its_level() -> None:
    stated = Counter(row[0] for row in table())
    assert [again for again, times in stated.items() if times > 1] == []
    assert {known for known, level in LEVELS.items() if level <= 2} - set(stated) == set()
    assert set(stated) <= set(LEVELS)
    assert {row[0]: row[1] for row in table()} == {known: str(LEVELS[known]) for known in stated}


@pytest.mark.parametrize("row", table(), ids=lambda row: row[0])
def test_a_requirement_is_shown_by_a_test_or_excused_with_a_reason(row: list[str]) -> None:
    assert faults(row) == []


@pytest.mark.parametrize(
    "shown_by",
    [
        "",
        "see the code",
        "exception: manual",
        "not applicable",
        "`tests/unit/test_asvs.py::test_that_nobody_wrote`",
        "`tests/unit/test_that_is_nowhere.py::test_every_requirement_stands_once_with_its_level`",
        "`tests/unit/test_asvs.py::faults`",
        "`tests/unit/test_asvs.py::test_every_requirement_stands_once_with_its_level` and `tests/unit/x.py::test_no`",
    ],
)
def test_the_check_itself_finds_a_row_that_shows_nothing(shown_by: str) -> None:
    assert faults(["6.2.1", "1", "We do what it says.", shown_by]) != []


def faults(row: list[str]) -> list[str]:
    """What is missing in a row: requirement, level, what we do, shown by."""
    if len(row) != 4:
        return [f"{len(row)} cells"]
    _, _, done, shown_by = row
    tests, excuse = _TEST.findall(shown_by), _REASON.search(shown_by)
    found = [] if done else ["nothing is said to be done"]
    if not tests and not excuse:
        found.append("neither a test nor an excuse")
    if excuse and len(excuse[2].split()) < _FEWEST_WORDS:
        found.append("an excuse without a reason")
    return found + [f"{path}::{name} does not exist" for path, name in tests if name not in named_in(path)]


@cache
def named_in(path: str) -> frozenset[str]:
    """The names of the tests of a file of ours, none if there is no such file."""
    file = ROOT / path
    if not file.is_file():
        return frozenset()
    tree = ast.parse(file.read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return frozenset(function.name for function in functions if function.name.startswith("test_"))
