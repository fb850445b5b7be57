"""Proof of the WhatsApp channel (`make whatsapp`): races, kills, floods, limits, Flow crypto, conversations."""
