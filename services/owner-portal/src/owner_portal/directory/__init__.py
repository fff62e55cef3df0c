"""Copies of companies and subscriptions, and the common parts of all pages and actions about one company."""
