"""Audit chains: entries that are linked by hashes, and their verification.

The content of an entry belongs to the service; here an entry is a revision (1, 2, 3, … without gaps) and a hash. Only
the standard library is used, so that the domain rules of every service may import this package.
"""

from audit_chain.chain import GENESIS, BrokenChain, ChainEnd, Entry, LinkedEntry
from audit_chain.hashing import link_hash
from audit_chain.verification import Verification, conclude, verify, verify_all

__all__ = [
    "GENESIS",
    "BrokenChain",
    "ChainEnd",
    "Entry",
    "LinkedEntry",
    "Verification",
    "conclude",
    "link_hash",
    "verify",
    "verify_all",
]
