"""Tests of the pure rules: tables of what people type, and properties over generated text."""
