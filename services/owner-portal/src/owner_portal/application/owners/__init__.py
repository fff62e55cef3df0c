"""Owners and their proofs: accounts, sessions, passwords, second factors, throttling."""
