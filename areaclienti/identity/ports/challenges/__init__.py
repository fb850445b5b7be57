"""Verification codes: who makes them, has them sent, keeps them and compares them."""
