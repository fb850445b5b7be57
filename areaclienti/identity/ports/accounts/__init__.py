"""Accounts: who has one, under which username, and whether a password is the right one."""
