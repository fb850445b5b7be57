"""The connection to Chatwoot, against a stand-in that behaves as Chatwoot does."""
