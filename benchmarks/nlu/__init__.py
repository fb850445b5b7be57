"""Measures the NLU: on the held-out messages (`make eval`) and by cross-validation on the training data."""
