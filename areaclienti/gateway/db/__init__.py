"""The gateway's database: tables, connections, migrations."""

from areaclienti.gateway.db import (  # every table is known wherever one is
    chatwoot,
    desk,
    desk_access,
    desk_contacts,
    figures,
    models,
    whatsapp,
)

__all__ = ["chatwoot", "desk", "desk_access", "desk_contacts", "figures", "models", "whatsapp"]
