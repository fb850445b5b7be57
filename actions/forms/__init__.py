"""Form validators: pure, they read facts out of messages and reject what can't be right; nothing is sent from here."""
