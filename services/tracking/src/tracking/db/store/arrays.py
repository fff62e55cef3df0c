"""Rows of many companies as one array for each column, for use in one statement."""

from collections.abc import Sequence
from typing import Any


def unnest(**types: str) -> str:
    """An `unnest` of the parameters with these names and types, aliased as `s`."""
    arrays = ", ".join(f"CAST(:{name} AS {kind}[])" for name, kind in types.items())
    return f"unnest({arrays}) s ({', '.join(types)})"


def columns(names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> dict[str, list[Any]]:
    """The rows as arrays, sorted, so that two transactions that write the same rows cannot deadlock."""
    return dict(zip(names, map(list, zip(*sorted(rows), strict=True)), strict=True))
