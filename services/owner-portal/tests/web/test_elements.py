"""Numbers and moments on pages: right without a script, and exact for the script that rewords them."""

from datetime import UTC, date, datetime, timedelta

import pytest
from markupsafe import Markup

from owner_portal.web import elements
from testkit.pages import Page, text_of

NOON = datetime(2026, 5, 3, 12, 0, tzinfo=UTC)


def parsed(html: str) -> tuple[str, dict[str, str], str]:
    """The name of the only element, its attributes and its text."""
    element = Page(html).one("data, time")
    return element.name, {name: str(value) for name, value in element.attrs.items()}, text_of(element)


@pytest.mark.parametrize(
    ("element", "attributes", "text"),
    [
        (elements.n(1234567), {"value": "1234567"}, "1,234,567"),
        (elements.n(314.66), {"value": "314.7"}, "314.7"),
        (elements.size(1_500_000), {"value": "1500000", "data-format": "size"}, "1.5 MB"),
        (elements.minutes(3725), {"value": "3725", "data-format": "minutes"}, "62"),
        (elements.percent(12.345), {"value": "12.345", "data-format": "percent"}, "12.3 %"),
        (
            elements.money(-9950, "EUR"),
            {"value": "-9950", "data-format": "money", "data-currency": "EUR"},
            "-99.50 EUR",
        ),
    ],
)
def test_both_readings_of_a_number(element: Markup, attributes: dict[str, str], text: str) -> None:
    assert parsed(element) == ("data", attributes, text)


@pytest.mark.parametrize(
    ("element", "moment", "kind", "text"),
    [
        (elements.day(date(2026, 5, 3)), "2026-05-03", "day", "3 May 2026"),
        (elements.day(NOON), "2026-05-03", "day", "3 May 2026"),
        (elements.moment(NOON), "2026-05-03T12:00:00+00:00", "moment", "3 May 2026, 12:00 UTC"),
    ],
)
def test_both_readings_of_a_time(element: Markup, moment: str, kind: str, text: str) -> None:
    assert parsed(element) == ("time", {"datetime": moment, "data-format": kind}, text)


def test_nothing_known_is_a_dash_or_never() -> None:
    shown = [elements.n(None), elements.size(None), elements.minutes(None), elements.percent(None), elements.day(None)]
    assert {str(text) for text in shown} == {"–"}
    assert elements.money(None, "USD") == elements.money(100, None) == "–"
    assert elements.moment(None) == elements.age(None) == "never"


def test_age_is_in_words() -> None:
    _name, _attributes, text = parsed(elements.age(datetime.now(UTC) - timedelta(hours=3, minutes=5)))
    assert text == "3 h ago"


def test_a_cell_keeps_its_name_and_waits_for_a_value() -> None:
    seats = {"data-cell": "seats", "data-format": ""}
    assert parsed(elements.cell("seats", 12)) == ("data", seats | {"value": "12"}, "12")
    assert parsed(elements.cell("seats", None)) == ("data", seats | {"value": ""}, "–")
    assert Page(elements.cell("mrr-change", 4.21, "change")).text == "+4.2 %"
    assert Page(elements.cell("mrr", 9900, "money", "USD")).one("data")["data-currency"] == "USD"


def test_texts_of_others_are_escaped() -> None:
    hostile = '"><script>'
    for element in (elements.money(1, hostile), elements.cell("mrr", 1, "money", hostile)):
        page = Page(element)
        assert page.all("script") == []
        assert page.text == f"0.01 {hostile}"
        assert page.one("data")["data-currency"] == hostile


@pytest.mark.parametrize(("part", "whole", "width", "full"), [(5, 10, "50.0", "false"), (95, 100, "95.0", "true")])
def test_a_bar_turns_red_near_the_end(part: int, whole: int, width: str, full: str) -> None:
    bar = Page(elements.fill("seats-bar", part, whole, "Seats in use")).one("[data-cell=seats-bar]")
    assert (bar["width"], bar["data-full"]) == (width, full)
