"""Registration assistant for the Alleanza customer area."""
