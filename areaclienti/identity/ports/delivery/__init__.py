"""Messages to customers: rendered and sent by us, or handed to the insurer's notification hub."""
