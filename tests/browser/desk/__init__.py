"""The agents' desk in a real browser, against the real gateway with doubles of the engine and of identity behind it."""
