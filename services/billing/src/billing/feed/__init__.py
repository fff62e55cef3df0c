"""Events: what the service publishes and what it consumes."""
