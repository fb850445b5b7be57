"""Tells whether the trained model still fits what it was trained from, by content and not by file times."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

STAMP = "trained-from.sha256"
MODELS_KEPT = 3


def fingerprint(root: Path) -> str:
    """Return the SHA-256 of the names and contents of everything that the training reads."""
    digest = hashlib.sha256()
    for path in sorted(_sources(root)):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(root).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def needs_training(root: Path) -> bool:
    """Tell whether there is no model, or one that was trained from other sources."""
    stamp = root / "models" / STAMP
    has_model = any((root / "models").glob("*.tar.gz"))
    return not (has_model and stamp.is_file() and stamp.read_text(encoding="ascii").strip() == fingerprint(root))


def remember_training(root: Path, trained_from: str) -> None:
    """Note that the newest model was trained from the sources with that fingerprint; drop the oldest models."""
    models = sorted((root / "models").glob("*.tar.gz"), key=lambda path: path.stat().st_mtime)
    for old in models[:-MODELS_KEPT]:
        old.unlink()
    (root / "models" / STAMP).write_text(trained_from + "\n", encoding="ascii")


@contextlib.asynccontextmanager
async def training_turn(root: Path) -> AsyncIterator[None]:
    """Let one process at a time train into models/; wait for one that is at it."""
    (root / "models").mkdir(exist_ok=True)
    with (root / "models" / ".training.lock").open("w", encoding="ascii") as lock:
        await asyncio.to_thread(fcntl.flock, lock, fcntl.LOCK_EX)
        yield


def _sources(root: Path) -> Iterator[Path]:
    for name in ("config.yml", "domain.yml", "requirements/engine.txt"):
        if (root / name).is_file():
            yield root / name
    for folder, pattern in (("domain", "*.yml"), ("data", "*"), ("engine", "*.py")):
        yield from (path for path in (root / folder).rglob(pattern) if path.is_file() and _counts(path))


def _counts(path: Path) -> bool:
    return "__pycache__" not in path.parts and not path.name.startswith(".")
