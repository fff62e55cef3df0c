"""Search and the order of lists."""

import random
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from text_rules.ordering import MAX_KEY_BYTES, sort_key
from text_rules.search import search_key, search_text
from text_rules.zones import is_time_zone, time_zones


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("istanbul", "İstanbul Tekstil"),
        ("İSTANBUL", "istanbul tekstil"),
        ("ısparta", "ISPARTA"),
        ("isparta", "Isparta"),
        ("strasse", "Hauptstraße 5"),
        ("STRAẞE", "strasse"),
        ("so\u0308hne", "Müller & Söhne"),
        ("sohne", "Müller & Söhne"),
        ("lodz", "Łódź"),
        ("ångström", "Angstrom"),
        ("fin", "ﬁnance"),
        ("acme", "ＡＣＭＥ"),
        ("acme ltd", "Acme\u00a0\u3000Ltd"),
        ("acme", "Ac\u200bme"),
        ("ελλας", "ΕΛΛΆΣ"),
        ("한국", "한국"),
    ],
)
def test_words_that_find_a_name(words: str, name: str) -> None:
    assert search_key(words) in search_text("x", name)


@pytest.mark.parametrize(("words", "name"), [("soehne", "Söhne"), ("か", "が"), ("acme", "Ac me")])
def test_words_that_do_not_find_a_name(words: str, name: str) -> None:
    assert search_key(words) not in search_text(name)


def test_no_match_spans_two_texts() -> None:
    assert search_key("acme ada") not in search_text("Acme", "Ada")


@given(st.text(max_size=60))
def test_folding_is_idempotent(text: str) -> None:
    assert search_key(search_key(text)) == search_key(text)


@given(st.text(max_size=30), st.text(max_size=30))
def test_a_beginning_is_found_by_itself(one: str, other: str) -> None:
    assert search_key(one) in search_key(f"{one} {other}")


def test_lists_are_sorted_as_people_expect() -> None:
    names = [
        "10",
        "9",
        "Arger",
        "Ärger",
        "Étienne",
        "Eton",
        "Luk",
        "łukasz",
        "Lz",
        "Öztürk",
        "Ozz",
        "zebra",
        "Zoe",
        "Zoë",
    ]
    mixed = random.Random(1).sample(names, len(names))
    assert sorted(mixed, key=sort_key) == names


def test_stored_keys_do_not_change() -> None:
    """A new weight table would leave two kinds of keys in the indexes, so a migration must recompute them."""
    keys = b"".join(sort_key(name) for name in ("Öztürk & Söhne", "Łódź", "İstanbul", "日本", "한국", "اب"))
    assert sha256(keys).hexdigest() == "7ddcb774bb348eb72c75995b4bd2e129f38ddc679c34a40684ef89c2d277b6eb"


@given(st.text(max_size=300))
def test_any_text_has_a_place_and_its_key_fits_into_an_index(text: str) -> None:
    assert len(sort_key(text)) <= MAX_KEY_BYTES


@pytest.mark.parametrize("name", ["Factory", "localtime", "posixrules", "posix/Europe/Berlin", "right/UTC", "", "Mars"])
def test_zones_of_a_machine_are_neither_offered_nor_accepted(name: str) -> None:
    assert name not in time_zones()
    assert not is_time_zone(name)


def test_zones_of_the_world_are_offered_in_order() -> None:
    assert {"UTC", "Europe/Berlin", "Pacific/Auckland"} < set(time_zones())
    assert list(time_zones()) == sorted(time_zones())
    assert all(map(is_time_zone, time_zones()))
