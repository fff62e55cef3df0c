"""Owners: accounts, sign-in, second factors, sessions, step-up, invitations."""
