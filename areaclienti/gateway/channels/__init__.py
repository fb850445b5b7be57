"""The ways a customer reaches the gateway, one module a channel."""
