"""Chatwoot in our desk's place: our ledger stays the truth, Chatwoot is a window on it."""
