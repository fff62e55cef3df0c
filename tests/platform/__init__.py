"""Helpers of the cross-service tests: the running platform, its owner, companies and desktops."""
