"""What an insurer must serve for each port, over the SQL implementation: a reference, and the tests' other side."""
