"""Brings the ledger's database to the current schema."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config

from areaclienti.sqlite_files import keep_journal, sqlite_file


def upgrade(url: str, revision: str = "head") -> None:
    """Run the missing migrations on the database at `url`; an embedded file is made if absent.

    With `revision`, up to that one alone. Blocks: call it from a thread inside an event loop. Raises what the database
    raises.
    """
    if (file := sqlite_file(url)) is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["url"] = url
    command.upgrade(config, revision)
    if file is not None:
        keep_journal(file)
