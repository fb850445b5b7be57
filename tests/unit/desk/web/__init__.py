"""The desk's API and streams over the gateway's application."""
