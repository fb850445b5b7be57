"""Makes the two environments from the pins, with nothing but Python 3.11: run by `make setup` before all else.

Standard library alone. Each environment carries a stamp with the hash of what it was made from; when that still fits,
nothing is done.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TOOLS = ROOT / ".venv-tools"
STAMP = "made-from.sha256"
ENVIRONMENTS = {  # folder: pins, and whether the project itself is installed there
    ".venv": ("requirements/services.txt", True),
    ".venv-engine": ("requirements/engine.txt", False),
}


class SetupFailed(Exception):
    """What went wrong and what to do, in one line."""


def main() -> int:
    """Make what is missing; return the exit code."""
    try:
        if sys.version_info[:2] != (3, 11):
            raise SetupFailed(
                f"This is Python {sys.version.split()[0]}, and the engine needs Python 3.11. "
                "Install it (Debian: apt install python3.11 python3.11-venv), "
                "or name yours: make PYTHON=/path/to/python3.11"
            )
        for folder, (pins, with_project) in ENVIRONMENTS.items():
            make_environment(ROOT / folder, ROOT / pins, with_project)
    except SetupFailed as problem:
        print(f"setup: {problem}", file=sys.stderr)
        return 1
    return 0


def make_environment(folder: Path, pins: Path, with_project: bool) -> None:
    """Make the environment in `folder` hold exactly `pins`, unless its stamp says that it does already."""
    wanted = fingerprint(pins, with_project)
    stamp = folder / STAMP
    python = folder / "bin" / "python"
    if python.exists() and stamp.is_file() and stamp.read_text(encoding="ascii").strip() == wanted:
        return
    began = time.monotonic()
    print(f"setup: installing {folder.name} from {pins.relative_to(ROOT)} …", flush=True)
    stamp.unlink(missing_ok=True)
    uv = find_uv()
    if not python.exists():
        run(uv, "venv", "--quiet", "--clear", "--no-project", "--python", sys.executable, str(folder))
    quiet = () if sys.stdout.isatty() else ("--quiet",)  # uv's list of packages comes with its progress bar
    run(uv, "pip", "sync", *quiet, "--python", str(python), "--require-hashes", str(pins))
    if with_project:
        project = ("--no-deps", "--no-build-isolation", "--editable", str(ROOT))
        run(uv, "pip", "install", "--quiet", "--python", str(python), *project)
    stamp.write_text(wanted + "\n", encoding="ascii")
    print(f"setup: {folder.name} is ready ({time.monotonic() - began:.0f} s)", flush=True)


def fingerprint(pins: Path, with_project: bool) -> str:
    """Hash what an environment is made from: interpreter, pins, the project's own metadata and its place."""
    parts = [sys.version.encode(), sys.base_prefix.encode(), pins.read_bytes()]
    if with_project:
        parts += [(ROOT / "pyproject.toml").read_bytes(), str(ROOT).encode()]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def find_uv() -> str:
    """Return uv: the one on the path, or our own in .venv-tools, made when it is not there."""
    on_path = shutil.which("uv")
    if on_path:
        return on_path
    own = TOOLS / "bin" / "uv"
    if not own.exists():
        print("setup: uv is not installed here; getting it into .venv-tools …", flush=True)
        try:
            run(sys.executable, "-m", "venv", "--clear", str(TOOLS))
        except SetupFailed:
            raise SetupFailed("Python can't make environments. Debian: apt install python3.11-venv") from None
        pip = (str(TOOLS / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
        run(*pip, "--require-hashes", "--requirement", str(ROOT / "requirements" / "tools.txt"))
    return str(own)


def uv_environment() -> dict[str, str]:
    """Return the environment for uv: it trusts the certificates, and uses the package index, that pip does here."""
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    environment.setdefault("UV_SYSTEM_CERTS", "1")
    environment.setdefault("UV_NATIVE_TLS", "1")  # its name in older releases
    if "UV_DEFAULT_INDEX" not in environment and "UV_INDEX_URL" not in environment:
        index = environment.get("PIP_INDEX_URL") or pip_setting("global.index-url")
        environment |= {"UV_DEFAULT_INDEX": index} if index else {}
    return environment


def pip_setting(name: str) -> str:
    """Return a setting of this machine's pip, "" when it has none."""
    command = (sys.executable, "-m", "pip", "config", "get", name)
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def run(*command: str) -> None:
    """Run a command with its output on the terminal; raise `SetupFailed` when it fails."""
    try:
        subprocess.run(command, check=True, cwd=ROOT, env=uv_environment(), stdin=subprocess.DEVNULL)
    except (subprocess.CalledProcessError, OSError) as error:
        why = f"exit code {error.returncode}" if isinstance(error, subprocess.CalledProcessError) else error.strerror
        raise SetupFailed(
            f"`{Path(command[0]).name} {' '.join(command[1:3])} …` failed ({why}); its lines above say why. "
            "Without a network nothing can be installed; a full disk needs 1.5 GB free."
        ) from None


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
