"""One use case a file: each opens the transaction, decides, stores, announces, commits."""
