"""The public process: conversations, secrets, sign-in and pages, everything a browser can reach."""
