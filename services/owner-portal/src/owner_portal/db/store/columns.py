"""Rows as arrays, for statements that store a batch through unnest."""

from collections.abc import Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def columns(rows: Sequence["DataclassInstance"]) -> dict[str, list[Any]]:
    """One list per field, in the order of the rows; {} without rows."""
    if not rows:
        return {}
    return {field.name: [getattr(row, field.name) for row in rows] for field in fields(rows[0])}
