"""Checks of what the Graph API is asked to send: the shape of each message type and its limits."""
