"""Resolves the dependencies of pyproject.toml into the hashed pins of requirements/ (`make pins`)."""

from __future__ import annotations

import subprocess
import sys

from scripts.setup import ROOT, find_uv, uv_environment

# No index address in a committed file: everybody installs from the index that their own uv or pip is set to.
_COMPILE = (
    "pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--generate-hashes", "--no-emit-index-url",
    "--custom-compile-command", "make pins",
)  # fmt: skip
_RESOLUTIONS: dict[str, tuple[str, ...]] = {
    "requirements/engine.txt": ("--group", "pyproject.toml:engine"),
    "requirements/services.txt": ("pyproject.toml", "--group", "pyproject.toml:dev"),
    "requirements/tools.txt": ("requirements/tools.in",),
}


def main() -> int:
    """Write the pins; `--upgrade` takes the newest releases, without it what is pinned stays where it can."""
    upgrade = ("--upgrade",) if "--upgrade" in sys.argv[1:] else ()
    uv = find_uv()
    for output, sources in _RESOLUTIONS.items():
        print(f"pins: {output} …", flush=True)
        subprocess.run((uv, *_COMPILE, *upgrade, *sources, "-o", output), cwd=ROOT, env=uv_environment(), check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
