"""Rows as arrays: one statement stores a whole batch through unnest."""

from collections.abc import Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def columns(rows: Sequence["DataclassInstance"]) -> dict[str, list[Any]]:
    """One list a field, in the rows' order; {} without rows."""
    if not rows:
        return {}
    return {field.name: [getattr(row, field.name) for row in rows] for field in fields(rows[0])}
