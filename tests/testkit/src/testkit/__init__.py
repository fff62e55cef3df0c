"""pytest fixtures over real engines, shared by the tests of all services."""
