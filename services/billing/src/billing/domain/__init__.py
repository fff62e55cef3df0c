"""Rules of plans and subscriptions; the standard library only."""
