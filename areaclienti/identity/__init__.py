"""The identity service: registry match, codes, accounts, sign-in and the vault, behind its own database."""
