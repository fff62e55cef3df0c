"""One use case a file: each opens its transaction, and only it commits."""
