"""The dashboard: totals of the platform, the table of companies, live updates."""
