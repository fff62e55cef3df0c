"""Alerts: what raises one, what an owner answers, the list, the digests by e-mail."""
