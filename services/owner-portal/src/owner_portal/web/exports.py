"""CSV downloads, streamed as they are read; `text_rules.csv_files` formats the cells."""

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import chain

from starlette.requests import Request
from starlette.responses import StreamingResponse

from owner_portal.web.charts import Chart
from text_rules.csv_files import BYTE_ORDER_MARK, Separator, Value, write_rows

Row = Sequence[Value]

CHUNK = 500  # rows per chunk; other requests run in between
_CENT = Decimal("0.01")


def csv_response(
    filename: str,
    header: Sequence[str],
    rows: Iterable[Row] | AsyncIterator[Row],
    separator: Separator = Separator.COMMA,
) -> StreamingResponse:
    """A download. `filename` ends in .csv and is ASCII; times are ISO 8601, None is empty."""
    return StreamingResponse(
        _chunks(header, rows, separator),
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": f'attachment; filename="{filename}"', "cache-control": "no-store"},
    )


def separator_of(request: Request) -> Separator:
    """The separator in the URL: `?separator=semicolon`, otherwise a comma."""
    return Separator.named(request.query_params.get("separator"))


async def begun(rows: AsyncIterator[Row]) -> AsyncIterator[Row]:
    """The same rows with the first one already read: errors after the response has begun could not be reported."""
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


async def _chunks(
    header: Sequence[str], rows: Iterable[Row] | AsyncIterator[Row], separator: Separator
) -> AsyncIterator[str]:
    waiting: list[Row] = []
    yield BYTE_ORDER_MARK
    async for row in _each(header, rows):
        waiting.append(row)
        if len(waiting) == CHUNK:
            yield write_rows(waiting, separator)
            waiting.clear()
    yield write_rows(waiting, separator)


async def _each(header: Row, rows: Iterable[Row] | AsyncIterator[Row]) -> AsyncIterator[Row]:
    if isinstance(rows, AsyncIterator):
        yield header
        async for row in rows:
            yield row
    else:
        for row in chain([header], rows):
            yield row
