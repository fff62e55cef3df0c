"""The order in which people expect names: that of the Unicode Collation Algorithm, as ICU has it without a language.

Computed here and not by PostgreSQL: the server of the wheel is built without ICU, and an index over keys that are
stored does not become wrong when a server comes with another version of ICU.
"""

from functools import cache, lru_cache

from pyuca.collator import Collator_10_0_0

LONGEST_KEY = 1_000  # bytes; an index takes 2,700, and names that differ only beyond are sorted by their ids


@cache
def prepare() -> Collator_10_0_0:
    """Reads the table of weights, a fifth of a second: call it before serving."""
    return Collator_10_0_0()  # by its version: stored keys must not depend on Python's


@lru_cache(maxsize=20_000)
def sort_key(text: str) -> bytes:
    """Bytes that compare as the texts do; they may be stored. Another version of the table needs a migration."""
    weights = prepare().sort_key(text)
    return b"".join(weight.to_bytes(2, "big") for weight in weights[: LONGEST_KEY // 2])
