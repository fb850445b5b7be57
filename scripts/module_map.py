"""Writes docs/map.md, the map of the code, from the first line of each module (`make map`); `--check` only compares."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MAP = ROOT / "docs" / "map.md"
FOLDERS = ("areaclienti", "actions", "engine", "scripts", "benchmarks")
LEFT_OUT = "versions"  # migrations say for themselves what they change


class NoFirstLine(Exception):
    """A module without a docstring; the text names it."""


def main() -> int:
    """Write the map, or say whether it is up to date; return the exit code."""
    try:
        wanted = the_map()
    except NoFirstLine as problem:
        print(f"map: {problem}", file=sys.stderr)
        return 1
    if "--check" not in sys.argv[1:]:
        MAP.write_text(wanted, encoding="utf-8")
        return 0
    if MAP.is_file() and MAP.read_text(encoding="utf-8") == wanted:
        return 0
    print("map: docs/map.md is not up to date; write it with: make map", file=sys.stderr)
    return 1


def the_map() -> str:
    """Return the map as Markdown. Raises `NoFirstLine`."""
    lines = [
        "# Map of the code",
        "",
        "Written by `make map` from the first line of each module; checked by `make lint`.",
    ]
    for folder in FOLDERS:
        for package, modules in packages(ROOT / folder):
            title, says = package.relative_to(ROOT).as_posix(), first_line(package / "__init__.py")
            lines += ["", f"## {title}", ""] + ([says, ""] if says else [])
            lines += ["| module | what it is for |", "|---|---|"] if modules else []
            lines += [
                f"| [{path.name}](../{path.relative_to(ROOT).as_posix()}) | {first_line(path)} |" for path in modules
            ]
    return "\n".join(lines).rstrip() + "\n"


def packages(folder: Path) -> Iterator[tuple[Path, list[Path]]]:
    """Yield each folder that holds modules, with its modules but for `__init__.py`."""
    for package in sorted({path.parent for path in folder.rglob("*.py")}):
        if LEFT_OUT not in package.parts and "__pycache__" not in package.parts:
            yield package, sorted(path for path in package.glob("*.py") if path.name != "__init__.py")


def first_line(path: Path) -> str:
    """Return the first line of a module's docstring; "" for an `__init__.py` that is not there."""
    if path.name == "__init__.py" and (not path.is_file() or not path.read_text(encoding="utf-8").strip()):
        return ""
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    if not docstring:
        raise NoFirstLine(f"{path.relative_to(ROOT)} has no docstring that says what it is for")
    return docstring.splitlines()[0].replace("|", "\\|")


if __name__ == "__main__":
    sys.exit(main())
