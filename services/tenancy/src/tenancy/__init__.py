"""Tenancy: companies, their keys and tracking policies. It knows no employee and no money."""
