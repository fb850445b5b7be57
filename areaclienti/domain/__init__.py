"""Pure Italian rules: names, companies, contacts, masks, tax codes, passwords, codes. No input or output."""
