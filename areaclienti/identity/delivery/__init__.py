"""Delivery of e-mails and SMS: an outbox in the database, one worker, and an adapter for each way out."""
