"""Proof of the agents' desk (`make desk`): races, silence, kills, broken lines, hand-backs, rights, speed."""
