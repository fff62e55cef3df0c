"""One company: its page with all sections, and a file for each kind of form and action."""
