"""Delivery under kill -9 at every step of the outbox, and against providers that fail in every way."""
