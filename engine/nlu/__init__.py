"""Our NLU inside Rasa: Italian words, names, contacts, intents; loaded by config.yml, explained in docs/nlu.md."""
