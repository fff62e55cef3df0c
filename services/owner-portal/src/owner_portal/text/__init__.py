"""Texts that people type in, whatever they are about."""
