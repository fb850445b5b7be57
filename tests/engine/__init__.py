"""The engine over its turn contract, as the gateway sees it."""
