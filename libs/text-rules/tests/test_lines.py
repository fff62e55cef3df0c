"""Names and other text: cleaning, refused characters, and equality."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicekit.errors import InvalidInput
from text_rules import phones
from text_rules.addresses import Address
from text_rules.characters import BIDI_CONTROLS
from text_rules.lines import clean_reported, name_key, problem, tidy, validate


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("  Acme Ltd \t", "Acme Ltd"),
        ("\u3000Acme\u00a0\u2003 Ltd\u205f", "Acme Ltd"),
        ("Cafe\u0301", "Caf\u00e9"),
        ("Ac\u200bme\ufeff", "Acme"),
        ("می\u200cخواهم", "می\u200cخواهم"),  # the non-joiner is spelling
    ],
)
def test_text_is_cleaned(typed: str, stored: str) -> None:
    assert validate(typed, "name", max_length=200) == stored


@pytest.mark.parametrize(
    "value",
    ["", "   ", "\u200b", "\u200d \ufeff", "\u2800", "\u3164\u3164", "\u115f", "\uffa0", "\u00a0", "\u0301", "\ufe0f"],
)
def test_text_without_a_visible_character_is_missing(value: str) -> None:
    with pytest.raises(InvalidInput, match="name is missing: give 1 to 200 characters"):
        validate(value, "name", max_length=200, required=True)
    assert validate(value, "name", max_length=200) == ""


@pytest.mark.parametrize(
    "character",
    [*"\x00\x07\x7f\ud800\ufdd0\U0010ffff\u0378", *sorted(BIDI_CONTROLS)],
    ids=lambda character: f"U+{ord(character):04X}",
)
def test_characters_that_are_refused_are_named_by_their_code(character: str) -> None:
    with pytest.raises(InvalidInput, match=f"name has a .*character.* .U\\+{ord(character):04X}.: remove it"):
        validate(f"Ac{character}me", "name", max_length=200)


@pytest.mark.parametrize("line_break", ["\n", "\r", "\r\n", "\v", "\f", "\x85", "\u2028", "\u2029"])
def test_a_line_break_in_one_line_is_called_one(line_break: str) -> None:
    with pytest.raises(InvalidInput, match=r"^name has a line break: write it in one line$"):
        validate(f"Ac{line_break}me", "name", max_length=200)


@pytest.mark.parametrize("separator", ["\v", "\u2028"])
def test_text_of_several_lines_takes_one_kind_of_line_break(separator: str) -> None:
    with pytest.raises(InvalidInput, match=f"address has a .*U\\+{ord(separator):04X}.: remove it"):
        validate(f"Ac{separator}me", "address", max_length=200, multiline=True)


def test_lengths_are_those_of_what_is_stored() -> None:
    assert validate("x" * 200 + "  ", "name", max_length=200) == "x" * 200
    with pytest.raises(InvalidInput, match="name has 201 characters: shorten it to 200"):
        validate("x" * 201, "name", max_length=200)


def test_text_of_several_lines_keeps_them() -> None:
    typed = "\r\n 1  Main St \r\n\r\n\r\n\r\nBerlin\r"
    assert validate(typed, "address", max_length=500, multiline=True) == "1 Main St\n\nBerlin"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ACME", "acme"),
        ("Straße", "STRASSE"),
        ("Ac\u200bme", "Acme"),
        ("Acme  Ltd", "Acme Ltd"),
        ("Caf\u00e9", "Cafe\u0301"),
        ("ΣΑΣ", "σας"),
        ("Ａｃｍｅ", "Acme"),
        ("ﬁn", "fin"),
        ("Ac\u2066me", "Acme"),
    ],
)
def test_names_that_people_consider_equal_have_one_key(one: str, other: str) -> None:
    assert name_key(one) == name_key(other)


@pytest.mark.parametrize(("one", "other"), [("Ärger", "Arger"), ("Acme", "Acme Ltd"), ("か", "が")])
def test_names_that_people_distinguish_have_two_keys(one: str, other: str) -> None:
    assert name_key(one) != name_key(other)


@given(st.text(max_size=220), st.booleans())
def test_what_passes_is_storable_visible_and_stays_as_it_is(value: str, multiline: bool) -> None:
    try:
        text = validate(value, "name", max_length=200, required=True, multiline=multiline)
    except InvalidInput:
        return
    assert text == text.strip()
    assert 1 <= len(text) <= 200
    assert unicodedata.is_normalized("NFC", text)
    kinds = {unicodedata.category(character) for character in text.replace("\n", "" if multiline else "\n")}
    assert not kinds & {"Cc", "Cs", "Cn", "Zl", "Zp"}
    assert not BIDI_CONTROLS & set(text)
    assert validate(text, "name", max_length=200, required=True, multiline=multiline) == text
    text.encode()


@given(st.text(max_size=200))
def test_keys_fit_into_an_index_and_are_those_of_the_tidy_text(value: str) -> None:
    assert len(name_key(value).encode("utf-8", "replace")) < 2_700
    assert name_key(tidy(value)) in {name_key(value), ""}


def test_the_longest_key_fits_too() -> None:
    assert len(name_key("\ufdfa" * 200).encode()) < 2_700
    assert name_key("\ufdfa" * 200) != name_key("\ufdfa" * 199)


@given(st.text(max_size=80), st.integers(1, 60))
def test_what_machines_report_is_never_refused(value: str, most: int) -> None:
    text = clean_reported(value, most)
    assert len(text) <= most
    assert not BIDI_CONTROLS & set(text)
    assert "\0" not in text.encode().decode()
    assert clean_reported(text, most) == text


def test_misleading_characters_are_removed_from_titles() -> None:
    assert clean_reported("invoice\u202efdp.exe\u2066\x00", 100) == "invoicefdp.exe"


def test_problems_follow_a_fields_name() -> None:
    assert problem("", max_length=9, required=True) == "is missing: give 1 to 9 characters"
    assert problem("fine", max_length=9, required=True) is None


@pytest.mark.parametrize(("label", "field"), [("Plan code", "plan_code"), ("action.reason", "action.reason")])
def test_a_refusal_names_its_field(label: str, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        validate("", label, max_length=10, required=True)
    assert refused.value.field == field
    with pytest.raises(InvalidInput) as refused:
        phones.checked("call me", label)
    assert refused.value.field == field
    with pytest.raises(InvalidInput) as refused:
        Address.checked("nobody", label)
    assert refused.value.field == field
