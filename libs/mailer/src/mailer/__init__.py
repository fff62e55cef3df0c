"""E-mails: queued in the caller's transaction, then passed to a relay and repeated until it accepts them."""
