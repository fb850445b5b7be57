"""The gateway's database: tables, connections, migrations."""
