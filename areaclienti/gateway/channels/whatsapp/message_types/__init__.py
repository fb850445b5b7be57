"""The kinds of messages that are sent, one a module, each with the limits that Meta's documents give it."""
