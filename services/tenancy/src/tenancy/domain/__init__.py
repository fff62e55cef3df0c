"""Rules about companies and keys; no I/O, nothing but the standard library and the kinds of errors."""
