"""Brings the ledger's database to the current schema."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy.engine import make_url


def upgrade(url: str, revision: str = "head") -> None:
    """Run the missing migrations on the database at `url`; an embedded file is made if absent.

    With `revision`, up to that one alone. Blocks: call it from a thread inside an event loop. Raises what the database
    raises.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["url"] = url
    command.upgrade(config, revision)
