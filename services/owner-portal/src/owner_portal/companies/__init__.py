"""Pages and actions of one company in tenancy: creation, details, logo, states, keys, tracking policy."""
