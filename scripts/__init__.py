"""What the Makefile calls: set-up, checks, the map of the code, the pins."""
