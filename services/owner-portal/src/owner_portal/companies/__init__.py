"""Pages and actions of one company on its side of tenancy: details, logo, states, keys, tracking policy."""
