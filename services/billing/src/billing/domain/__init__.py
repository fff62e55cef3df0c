"""Rules of plans, subscriptions and revenue; the standard library and the kinds of errors only."""
