"""Tables as CSV files (RFC 4180, UTF-8), sent as they are read."""

import csv
import io
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import chain

from starlette.responses import StreamingResponse

from owner_portal.api.charts import Chart

Value = str | int | float | Decimal | date | datetime | None
Row = Sequence[Value]

CHUNK = 500  # rows that are written at once; in between, other requests have their turn
_CENT = Decimal("0.01")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # how a text begins that a spreadsheet would run


def csv_response(filename: str, header: Sequence[str], rows: Iterable[Row] | AsyncIterator[Row]) -> StreamingResponse:
    """A download. `filename` ends in .csv and is plain ASCII; moments are written in ISO 8601, None as nothing."""
    return StreamingResponse(
        _chunks(header, rows),
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": f'attachment; filename="{filename}"', "cache-control": "no-store"},
    )


async def begun(rows: AsyncIterator[Row]) -> AsyncIterator[Row]:
    """The same rows, the first of them read already: once the answer has begun it could not say that it failed."""
    first = await anext(rows, None)

    async def all_rows() -> AsyncIterator[Row]:
        if first is not None:
            yield first
        async for row in rows:
            yield row

    return all_rows()


def chart_rows(chart: Chart) -> tuple[list[str], Iterator[Row]]:
    """Header and rows of what a chart shows, for `csv_response`."""
    series = [(one.name, one.values, one.unit or chart.unit) for one in chart.series]
    header = ["", *(f"{name} ({unit})" if unit else name for name, _, unit in series)]
    columns = [[_in_unit(value, unit) for value in values] for _, values, unit in series]
    return header, zip(chart.labels, *columns, strict=True)


def _in_unit(value: float | None, unit: str) -> Value:
    """Minor units of a currency with its two decimals; everything else as it is."""
    is_money = len(unit) == 3 and unit.isupper()
    return Decimal(value).scaleb(-2).quantize(_CENT) if is_money and value is not None else value


async def _chunks(header: Sequence[str], rows: Iterable[Row] | AsyncIterator[Row]) -> AsyncIterator[str]:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    count = 0
    async for row in _each(header, rows):
        writer.writerow([_cell(value) for value in row])
        count += 1
        if count % CHUNK == 0:
            yield text.getvalue()
            text.seek(0)
            text.truncate()
    yield text.getvalue()


async def _each(header: Row, rows: Iterable[Row] | AsyncIterator[Row]) -> AsyncIterator[Row]:
    if isinstance(rows, AsyncIterator):
        yield header
        async for row in rows:
            yield row
    else:
        for row in chain([header], rows):
            yield row


def _cell(value: Value) -> Value:
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULA) else value
    return value.isoformat() if isinstance(value, date) else value
