"""Usage: days from the aggregate feed, their sums, and their rebuild."""
