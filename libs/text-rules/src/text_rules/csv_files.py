"""CSV files (RFC 4180, UTF-8) without cells that a spreadsheet would run as formulas."""

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
"""Precedes the first row; without it, spreadsheets read UTF-8 in the machine's own encoding."""

_FORMULA = frozenset("=+-@")  # first characters of formulas


class Separator(StrEnum):
    """The separator of cells; which one a spreadsheet expects depends on the reader's country."""

    COMMA = ","
    SEMICOLON = ";"

    @classmethod
    def named(cls, name: str | None) -> "Separator":
        """Returns the separator by its name in a URL: `semicolon`; anything else is a comma."""
        return cls.SEMICOLON if name == "semicolon" else cls.COMMA


def write_rows(rows: Iterable[Iterable[Value]], separator: Separator = Separator.COMMA) -> str:
    """Returns the rows as text. Rows end in CRLF, cells are quoted, dates and times are ISO 8601, None is empty."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=separator, quoting=csv.QUOTE_ALL)
    writer.writerows([[cell(value) for value in row] for row in rows])
    return text.getvalue()


def cell(value: Value) -> str | int | float | Decimal:
    """Returns the value as a cell. A text that a spreadsheet could run gets an apostrophe in front.

    Such a text has a formula sign, possibly in full width and after blanks or invisible characters, at its start or at
    the start of a cell that another separator would split off.
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
