"""Small tables as CSV files (RFC 4180, UTF-8)."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date

from starlette.responses import Response

Value = str | int | date
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # how a text begins that a spreadsheet would run


def csv_response(filename: str, header: Sequence[str], rows: Iterable[Sequence[Value]]) -> Response:
    """A download. `filename` ends in .csv and is plain ASCII; days are written in ISO 8601."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([[_cell(value) for value in row] for row in (header, *rows)])
    return Response(
        text.getvalue(),
        media_type="text/csv",
        headers={"content-disposition": f'attachment; filename="{filename}"'},
    )


def _cell(value: Value) -> Value:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
