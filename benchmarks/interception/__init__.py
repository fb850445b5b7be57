"""Measures what passes where a password is due: customers' questions should, passwords must not."""
