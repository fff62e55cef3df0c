"""A trail of entries, each sealed with the hash of the one before it.

What an entry says is its owner's business: here it is a revision (1, 2, 3, … without a gap) and a hash. The standard
library alone is used, so that the rules of every service may build on it.
"""

from audit_chain.chain import GENESIS, BrokenChain, ChainEnd, Entry, Sealed
from audit_chain.hashing import seal
from audit_chain.verdict import Verdict, conclude, follow, follow_all

__all__ = [
    "GENESIS",
    "BrokenChain",
    "ChainEnd",
    "Entry",
    "Sealed",
    "Verdict",
    "conclude",
    "follow",
    "follow_all",
    "seal",
]
