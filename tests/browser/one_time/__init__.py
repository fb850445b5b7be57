"""The one-time page in a real browser, served by the real gateway between its doubles."""
