"""Employees' work as it is reported, counted exactly, one company never seeing another."""
