"""Tables as CSV files, in the format of `text_rules.csv_files`."""

from collections.abc import Iterable, Sequence
from typing import Annotated

from fastapi import Depends
from starlette.responses import Response

from text_rules.csv_files import BYTE_ORDER_MARK, Separator, Value, write_rows

__all__ = ["CsvSeparator", "Value", "csv_response"]


def _separator(separator: str = "") -> Separator:
    return Separator.named(separator)


CsvSeparator = Annotated[Separator, Depends(_separator)]
"""The separator named by `?separator=semicolon`; a comma by default."""


def csv_response(
    filename: str, header: Sequence[str], rows: Iterable[Sequence[Value]], separator: Separator
) -> Response:
    """A download. `filename` ends in .csv and is plain ASCII; days are written in ISO 8601."""
    return Response(
        BYTE_ORDER_MARK + write_rows((header, *rows), separator),
        media_type="text/csv",
        headers={"content-disposition": f'attachment; filename="{filename}"'},
    )
