"""Audit chains: entries that are linked by hashes, and their verification.

The content of an entry belongs to the service; here an entry is a revision (1, 2, 3, … without gaps) and a hash. Only
the standard library is used, so that the domain rules of every service may import this package.
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
