"""How old what a page shows is, and the answers that are remembered while a service is away."""
