"""SMS through a provider's HTTP interface: one protocol, one module a provider."""
