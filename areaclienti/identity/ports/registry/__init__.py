"""The registry of customers, as the agencies hold it."""
