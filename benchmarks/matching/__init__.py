"""Customers, the ways in which they write their names, and impostors: what the matcher is measured on (README.md)."""
