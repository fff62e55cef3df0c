"""Audit: the portal's own trail, the log of all three trails, its export and its verification."""
