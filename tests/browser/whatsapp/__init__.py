"""Tests of the simulator's phone page in a real browser."""
