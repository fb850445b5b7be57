"""Tests of the canary run's own parts: a search that finds nothing must be able to find."""
