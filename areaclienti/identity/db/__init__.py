"""Storage of the identity service: typed tables, migrations, and the one way to open a transaction."""
