"""The age of the data on pages, and cached answers for the time when a service does not respond."""
