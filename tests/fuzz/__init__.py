"""Random walks over identity's API that check a model after each step (`make fuzz`, docs/attacks.md)."""
