"""Properties of the customers, variants and impostors that the matcher is measured on."""
