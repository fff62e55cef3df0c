"""Every SQL statement of the service, and its migrations."""
