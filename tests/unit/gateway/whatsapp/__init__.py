"""The WhatsApp channel of the gateway."""
