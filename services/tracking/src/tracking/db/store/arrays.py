"""Rows of many companies as arrays, one a column, for one statement."""

from collections.abc import Sequence
from typing import Any


def unnest(**types: str) -> str:
    """The arrays of the parameters with these names and types, as rows `s`."""
    arrays = ", ".join(f"CAST(:{name} AS {kind}[])" for name, kind in types.items())
    return f"unnest({arrays}) s ({', '.join(types)})"


def columns(names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> dict[str, list[Any]]:
    """The rows as one array a column, in the order of the rows: two that write the same wait, never in a ring."""
    return dict(zip(names, map(list, zip(*sorted(rows), strict=True)), strict=True))
