"""Our NLU components inside Rasa: Italian tokens, names and contacts, intents; config.yml loads them, docs/nlu.md explains."""
