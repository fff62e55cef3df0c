"""CSV as spreadsheets and programs read it."""

import csv
import io
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime

import pytest

from owner_portal.web.charts import Chart, Series
from owner_portal.web.exports import CHUNK, Row, chart_rows, csv_response


async def chunks(header: list[str], rows: list[Row]) -> list[str]:
    return [str(chunk) async for chunk in csv_response("x.csv", header, rows).body_iterator]


async def test_is_rfc_4180() -> None:
    rows: list[Row] = [('say "hi"', "a,b", "two\nlines", "Ünïcode"), (1, 2.5, None, datetime(2026, 5, 1, tzinfo=UTC))]
    text = "".join(await chunks(["a", "b", "c", "d"], rows))
    assert text.startswith('\ufeff"a","b","c","d"\r\n"say ""hi""","a,b","two\nlines","Ünïcode"\r\n')
    assert text.endswith('"1","2.5","","2026-05-01T00:00:00+00:00"\r\n')
    assert list(csv.reader(io.StringIO(text, newline="")))[1] == list(rows[0])


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1"])
async def test_runs_no_formula(name: str) -> None:
    text = "".join(await chunks(["name"], [(name,), (-1,)]))
    [_header, [found], number] = csv.reader(io.StringIO(text, newline=""))
    assert found == f"'{name}"
    assert number == ["-1"], "a number is no formula"


async def test_is_sent_as_it_is_read() -> None:
    async def rows() -> AsyncIterator[Row]:
        for number in range(3 * CHUNK):
            yield (number,)

    parts = [part async for part in csv_response("x.csv", ["n"], rows()).body_iterator]
    assert len(parts) > 3
    assert "".join(map(str, parts)).replace('"', "").lstrip("\ufeff").split() == ["n", *map(str, range(3 * CHUNK))]


async def test_a_chart_as_rows() -> None:
    chart = Chart("line", ["2026-05", "2026-06"], [Series("MRR", [150, None], "USD"), Series("New", [3, 4])])
    header, rows = chart_rows(chart)
    assert header == ["", "MRR (USD)", "New"]
    text = "".join(await chunks(header, list(rows)))
    assert text.split() == ['\ufeff"","MRR', '(USD)","New"', '"2026-05","1.50","3"', '"2026-06","","4"']
    assert csv_response("x.csv", header, [(date(2026, 5, 1),)]).headers["cache-control"] == "no-store"
