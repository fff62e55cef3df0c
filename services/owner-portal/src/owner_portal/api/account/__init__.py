"""Whoever signs in: log-in, second factor, proofs, sessions, and the other owners."""
