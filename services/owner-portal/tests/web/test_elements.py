"""Numbers and moments on pages: right without a script, and exact for the script that rewords them."""

from datetime import UTC, date, datetime, timedelta

import pytest
from markupsafe import Markup

from owner_portal.web import elements

NOON = datetime(2026, 5, 3, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("element", "expected"),
    [
        (elements.n(1234567), '<data value="1234567">1,234,567</data>'),
        (elements.n(314.66), '<data value="314.7">314.7</data>'),
        (elements.size(1_500_000), '<data value="1500000" data-format="size">1.5 MB</data>'),
        (elements.minutes(3725), '<data value="3725" data-format="minutes">62</data>'),
        (elements.percent(12.345), '<data value="12.345" data-format="percent">12.3 %</data>'),
        (elements.money(-9950, "EUR"), '<data value="-9950" data-format="money" data-currency="EUR">-99.50 EUR</data>'),
        (elements.day(date(2026, 5, 3)), '<time datetime="2026-05-03" data-format="day">3 May 2026</time>'),
        (elements.day(NOON), '<time datetime="2026-05-03" data-format="day">3 May 2026</time>'),
        (
            elements.moment(NOON),
            '<time datetime="2026-05-03T12:00:00+00:00" data-format="moment">3 May 2026, 12:00 UTC</time>',
        ),
    ],
)
def test_both_readings(element: Markup, expected: str) -> None:
    assert element == expected


def test_nothing_known_is_a_dash_or_never() -> None:
    shown = [elements.n(None), elements.size(None), elements.minutes(None), elements.percent(None), elements.day(None)]
    assert {str(text) for text in shown} == {"–"}
    assert elements.money(None, "USD") == elements.money(100, None) == "–"
    assert elements.moment(None) == elements.age(None) == "never"


def test_age_is_in_words() -> None:
    assert ">3 h ago<" in elements.age(datetime.now(UTC) - timedelta(hours=3, minutes=5))


def test_a_cell_keeps_its_name_and_waits_for_a_value() -> None:
    assert elements.cell("seats", 12) == '<data data-cell="seats" value="12" data-format="">12</data>'
    assert elements.cell("seats", None) == '<data data-cell="seats" value="" data-format="">–</data>'
    assert "+4.2 %" in elements.cell("mrr-change", 4.21, "change")
    assert 'data-currency="USD"' in elements.cell("mrr", 9900, "money", "USD")


def test_texts_of_others_are_escaped() -> None:
    assert "<script>" not in elements.money(1, '"><script>')
    assert "<script>" not in elements.cell("mrr", 1, "money", '"><script>')


@pytest.mark.parametrize(("part", "whole", "width", "full"), [(5, 10, "50.0", "false"), (95, 100, "95.0", "true")])
def test_a_bar_turns_red_near_the_end(part: int, whole: int, width: str, full: str) -> None:
    bar = elements.fill("seats-bar", part, whole, "Seats in use")
    assert f'width="{width}" data-full="{full}"' in bar
