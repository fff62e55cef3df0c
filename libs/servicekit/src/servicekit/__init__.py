"""The runtime that all services share. It contains nothing of any service's domain."""
