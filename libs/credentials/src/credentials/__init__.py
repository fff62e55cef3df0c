"""What people and devices show to be let in: kept as hashes and digests alone."""
