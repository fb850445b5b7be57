"""Attacks on identity as it runs: real processes, PostgreSQL, production settings (`make attack`, docs/attacks.md)."""
