"""Three trails of what owners did: the portal's is written here, all are shown, exported and verified."""
