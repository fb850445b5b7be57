"""The desk's figures and search in Chromium."""
