"""The HTTP face of the service, one module for each group of endpoints in docs/contracts.md."""
