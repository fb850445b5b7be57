"""A stand-in for WhatsApp's Cloud API, with a page that looks like a phone; only for the embedded default and tests."""
