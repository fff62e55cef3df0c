"""What the portal takes in, and what it tells open pages: the aggregate feed, the change lists, live updates."""
