"""Looks in all committed files for what must never be there: addresses of registries, machine paths, big files."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LARGEST_BYTES = 1024 * 1024
# Written in pieces, so that this file does not find itself.
_FORBIDDEN = {
    "address of a package registry": re.compile(
        r"https?://[^\s\"']*(pypi\." + r"org/simple|files\.python" + r"hosted|registry\.npm" + r"js|/simple/?[\"'\s])"
        r"|^--(extra-)?index" + r"-url|^--find" + r"-links",
        re.MULTILINE,
    ),
    "path of one machine": re.compile(r"(?<![\w.:/-])/(home|Users|root|work)" + r"/[\w.-]+/?"),
    "private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE" + r" KEY-----"),
}
_RUNTIME_ENDINGS = (".db", ".sqlite", ".log", ".tar.gz", ".pyc", "keys.json")


def main() -> int:
    """Print one line for each finding; return 1 when there is any."""
    findings = [finding for path in committed_files() for finding in findings_in(path)]
    print("\n".join(findings), file=sys.stderr) if findings else None
    return 1 if findings else 0


def committed_files() -> Iterator[Path]:
    """Yield every file that git holds or would take with the next commit."""
    command = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    yield from (ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file())


def findings_in(path: Path) -> Iterator[str]:
    """Yield a line for each thing in the file that must not be there; what it matched is not repeated."""
    name = path.relative_to(ROOT).as_posix()
    if path.name.endswith(_RUNTIME_ENDINGS):
        yield f"{name}: a file that the running product makes"
    if path.stat().st_size > LARGEST_BYTES:
        yield f"{name}: larger than {LARGEST_BYTES // 1024} KB"
        return
    content = path.read_bytes()
    if b"\0" in content:
        return
    text = content.decode("utf-8", errors="replace")
    for what, pattern in _FORBIDDEN.items():
        for match in pattern.finditer(text):
            yield f"{name}:{text.count(chr(10), 0, match.start()) + 1}: {what}"


if __name__ == "__main__":
    sys.exit(main())
