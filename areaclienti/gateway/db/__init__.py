"""The gateway's database: tables, connections, migrations."""

from areaclienti.gateway.db import desk, desk_access, figures, models, whatsapp  # every table is known wherever one is

__all__ = ["desk", "desk_access", "figures", "models", "whatsapp"]
