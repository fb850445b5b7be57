"""Tests of delivery: messages, e-mail, SMS providers, outbox, receipts."""
