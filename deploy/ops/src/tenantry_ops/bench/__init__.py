"""Benchmarks of the platform on this machine: delays, costs and sizes."""
