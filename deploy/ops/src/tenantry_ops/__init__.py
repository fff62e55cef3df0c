"""Runs the platform on one machine: engines, provisioning, supervision, the demo and benchmarks."""
