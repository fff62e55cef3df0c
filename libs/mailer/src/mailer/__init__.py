"""E-mails: queued in the caller's transaction, handed to a relay afterwards, tried again until somebody takes them."""
