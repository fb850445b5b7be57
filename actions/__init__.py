"""Custom actions and form validators: they decide what to say and ask identity for all that is true of a customer."""
