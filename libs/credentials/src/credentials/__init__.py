"""Passwords and tokens, which are stored only as hashes and digests."""
