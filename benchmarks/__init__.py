"""Measures the running product: `make bench` starts one of its own, so the figures are those of what is delivered."""
