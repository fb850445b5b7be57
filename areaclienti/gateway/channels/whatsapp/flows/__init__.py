"""WhatsApp Flows: forms inside WhatsApp whose values come to us encrypted and never pass through the chat."""
