"""Tests of the running product as an operator meets it."""
