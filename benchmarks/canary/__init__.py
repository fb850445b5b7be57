"""Plants unique secrets and contacts in the running product, then looks for them in every byte that it leaves."""
