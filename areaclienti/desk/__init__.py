"""The agents' desk: when a person takes a conversation over, who that is, and how it comes back to the assistant."""
