"""The migrations make the tables that the models describe, and may run again."""

from __future__ import annotations

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from areaclienti.gateway.db.migrate import upgrade
from areaclienti.gateway.db.models import Base


def test_migrations_and_models_agree(tmp_path: Path) -> None:
    database = tmp_path / "not" / "yet" / "there" / "gateway.db"
    upgrade(f"sqlite+aiosqlite:///{database}")
    upgrade(f"sqlite+aiosqlite:///{database}")
    engine = create_engine(f"sqlite:///{database}")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
    engine.dispose()
