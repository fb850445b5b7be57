"""Starts the product's processes, waits until they are ready, restarts them when they die and stops them in order."""
