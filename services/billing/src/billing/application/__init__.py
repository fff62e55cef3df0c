"""Use cases: each opens its transaction, decides by the domain's rules, stores, and announces."""
