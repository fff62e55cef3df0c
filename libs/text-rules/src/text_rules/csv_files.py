"""CSV files that no spreadsheet takes for a program (RFC 4180, UTF-8)."""

import csv
import io
import unicodedata
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from enum import StrEnum

from text_rules.characters import is_ignorable

Value = str | int | float | Decimal | date | None

BYTE_ORDER_MARK = "\ufeff"
"""Stands before the first row: without it a spreadsheet reads UTF-8 as the machine's own encoding."""

_FORMULA = frozenset("=+-@")  # how a cell begins that a spreadsheet would run


class Separator(StrEnum):
    """Between the cells of a row: what a spreadsheet expects depends on the reader's country."""

    COMMA = ","
    SEMICOLON = ";"

    @classmethod
    def named(cls, name: str | None) -> "Separator":
        """As an address says it: `semicolon`, anything else is a comma."""
        return cls.SEMICOLON if name == "semicolon" else cls.COMMA


def write_rows(rows: Iterable[Iterable[Value]], separator: Separator = Separator.COMMA) -> str:
    """The rows as text, each ending in CRLF; all cells are quoted, days and moments in ISO 8601, None is empty."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=separator, quoting=csv.QUOTE_ALL)
    writer.writerows([[cell(value) for value in row] for row in rows])
    return text.getvalue()


def cell(value: Value) -> str | int | float | Decimal:
    """The value as a cell. A text that any spreadsheet could run gets an apostrophe before it.

    That is one with a formula's sign at its beginning or at that of a cell which another separator would cut out of it,
    whatever blanks and invisible characters stand before the sign, in full width too.
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if _could_run(value) else value
    return value.isoformat() if isinstance(value, date) else value


def _could_run(text: str) -> bool:
    starts = True
    for character in text:
        if starts and unicodedata.normalize("NFKC", character)[0] in _FORMULA:
            return True
        if character in ";,\t\r\n|":
            starts = True
        elif not (character.isspace() or character in "'\"" or is_ignorable(character)):
            starts = False
    return text[:1] in ("\t", "\r")
