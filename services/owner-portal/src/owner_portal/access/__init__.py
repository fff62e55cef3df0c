"""Who may call: the guards that every page declares, and how a request is known to come from its own page."""
