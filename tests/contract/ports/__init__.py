"""Tests that hold for every implementation of a port, and of what happens when one does not answer."""
