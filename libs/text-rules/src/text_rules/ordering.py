"""The order of names: the Unicode Collation Algorithm, in ICU's order for the root language.

PostgreSQL does not compute it, because the server from the wheel is built without ICU, and because an index over stored
keys remains valid when a server brings another version of ICU.
"""

from functools import cache, lru_cache

from pyuca.collator import Collator_10_0_0

MAX_KEY_BYTES = 1_000  # an index entry may have 2,700; names that differ only beyond this are sorted by their ids


@cache
def prepare() -> Collator_10_0_0:
    """Loads the weight table, which takes 0.2 seconds; call it before serving."""
    return Collator_10_0_0()  # a fixed version, because stored keys must not depend on Python's


@lru_cache(maxsize=20_000)
def sort_key(text: str) -> bytes:
    """Returns bytes that compare like the texts and may be stored. A new version of the table needs a migration."""
    weights = prepare().sort_key(text)
    return b"".join(weight.to_bytes(2, "big") for weight in weights[: MAX_KEY_BYTES // 2])
