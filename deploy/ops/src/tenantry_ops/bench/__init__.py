"""Measures the platform on this machine: how late, how dear, how big."""
