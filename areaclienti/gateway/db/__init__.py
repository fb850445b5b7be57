"""The gateway's database: tables, connections, migrations."""

from areaclienti.gateway.db import models, whatsapp  # every table is known wherever one is

__all__ = ["models", "whatsapp"]
