"""Tests of the WhatsApp simulator."""
