"""The chat widget and the pages, alone in a real browser against a gateway of their own."""
