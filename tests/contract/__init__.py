"""Tests of identity's contract."""
