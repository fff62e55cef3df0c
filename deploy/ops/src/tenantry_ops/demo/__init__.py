"""The demo: fictitious companies with three months of history, and a fleet of simulated desktops."""
