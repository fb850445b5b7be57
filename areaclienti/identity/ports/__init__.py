"""The parts that an insurer may already have: each a contract, with a SQL implementation and an HTTP client."""
