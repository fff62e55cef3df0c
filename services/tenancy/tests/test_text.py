"""Rules for typed text and for what makes two names the same."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicekit.errors import InvalidInput
from tenancy.domain.text import clean, fold


def test_blanks_around_are_trimmed() -> None:
    assert clean("  Acme Ltd \t", "name", most=200) == "Acme Ltd"


def test_the_longest_text_passes_and_one_more_character_does_not() -> None:
    assert clean("x" * 200, "name", most=200) == "x" * 200
    with pytest.raises(InvalidInput, match="name has 201 characters: shorten it to 200"):
        clean("x" * 201, "name", most=200)


@pytest.mark.parametrize("value", ["", "   ", "\u200b", "\u200d \ufeff"])
def test_a_required_text_must_have_something_to_see(value: str) -> None:
    with pytest.raises(InvalidInput, match="name is missing: give 1 to 200 characters"):
        clean(value, "name", most=200, required=True)
    clean(value, "name", most=200)


@pytest.mark.parametrize("character", ["\x00", "\x07", "\n", "\x7f", "\x85", "\u2028", "\ud800"])
def test_control_characters_are_refused_by_their_code(character: str) -> None:
    with pytest.raises(InvalidInput, match=f"control character .U\\+{ord(character):04X}.: remove it"):
        clean(f"Ac{character}me", "name", most=200)


def test_an_address_may_have_lines() -> None:
    assert clean("1 Main St\r\nBerlin", "address", most=500, multiline=True) == "1 Main St\nBerlin"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ACME", "acme"),
        ("Straße", "STRASSE"),
        ("Ac\u200bme", "Acme"),
        ("Acme  Ltd", "Acme Ltd"),
        ("Caf\u00e9", "Cafe\u0301"),
        ("ΣΑΣ", "σας"),
    ],
)
def test_names_that_people_take_for_the_same_fold_to_one(one: str, other: str) -> None:
    assert fold(clean(one, "name", most=200)) == fold(clean(other, "name", most=200))


@given(st.text(max_size=220))
def test_what_passes_is_storable_and_stays_as_it_is(value: str) -> None:
    try:
        text = clean(value, "name", most=200, required=True)
    except InvalidInput:
        return
    assert text == text.strip()
    assert 1 <= len(text) <= 200
    assert not {unicodedata.category(character) for character in text} & {"Cc", "Cs", "Zl", "Zp"}
    assert clean(text, "name", most=200, required=True) == text
    assert fold(text)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=200))
def test_what_a_name_folds_to_fits_into_an_index(value: str) -> None:
    assert len(fold(value).encode()) < 2_700
