"""WhatsApp as a channel: what Meta's Cloud API delivers becomes the ledger's, and what the ledger says goes out."""
