"""Conversations as data: what customers write, and what the product must answer, keep and record (docs/testing.md)."""
