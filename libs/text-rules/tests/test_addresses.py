"""Which addresses are accepted, where mail is sent, and which are the same mailbox."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicekit.errors import InvalidInput
from text_rules.addresses import Address, email_key

DOMAIN = "@mail.example"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("straße", "strasse"),
        ("ß", "ss"),
        ("\u212a", "k"),  # the Kelvin sign
        ("ſ", "s"),  # the long s
        ("ﬁ", "fi"),  # a ligature
        ("Ä", "ä"),
        ("ı", "i"),
        ("ｋ", "k"),  # full width
    ],
)
def test_letters_that_case_folding_merges_are_two_mailboxes(one: str, other: str) -> None:
    assert email_key(one + DOMAIN) != email_key(other + DOMAIN)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("s\u00f6hne@mail.example", "so\u0308hne@mail.example"),
        ("Ada@Mail.Example", "ada@mail.example"),
        (" ada@mail.example\n", "ada@mail.example"),
        ("a@münchen.example", "a@xn--mnchen-3ya.example"),
        ("a@MÜNCHEN.example", "a@mu\u0308nchen.example"),
    ],
)
def test_spellings_of_one_mailbox_have_one_key(one: str, other: str) -> None:
    assert email_key(one) == email_key(other)


def test_domains_are_compared_in_idna() -> None:
    assert email_key("a@straße.example") != email_key("a@strasse.example")


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("Ada.Lovelace@Mail.Example", "Ada.Lovelace@mail.example"),
        ("POSTMASTER@mail.example", "POSTMASTER@mail.example"),
        ("straße@mail.example", "straße@mail.example"),
        ("so\u0308hne@mail.example", "s\u00f6hne@mail.example"),
        ("first.last+tag@sub.mail.local", "first.last+tag@sub.mail.local"),
    ],
)
def test_mail_goes_to_the_address_as_it_was_entered(typed: str, text: str) -> None:
    assert Address.parse(typed).text == text


@pytest.mark.parametrize(
    "typed",
    [
        *("plain", "@b.example", "a@", "a@b", "a@b.", "a@.example", "a b@c.example", "a@b@c.example", "a@b..c"),
        *("Ada <a@b.example>", "a@b.example, c@d.example", '"a b"@c.example', "a@[127.0.0.1]", "a\u202e@b.example"),
        *("\u212a@b.example", "a\u200b@b.example", "a\ud800@b.example", "a\0@b.example", "a" * 65 + "@b.example"),
        *("a@" + "b." * 130 + "example", "\u3164@b.example\u2800"),
    ],
)
def test_invalid_addresses_are_refused_and_match_no_address(typed: str) -> None:
    with pytest.raises(InvalidInput, match=r"^email is not an address: write it like name@example.com$"):
        Address.checked(typed, "email")
    assert email_key(typed).endswith(" ")


def test_an_empty_address_is_missing() -> None:
    with pytest.raises(InvalidInput, match=r"^email is missing"):
        Address.checked(" ", "email")


@given(st.text(max_size=300))
def test_any_text_has_a_key(typed: str) -> None:
    assert email_key(typed) == email_key(typed)


LOCALS = st.text(st.characters(categories=["L", "Nd"]), min_size=1, max_size=12)


@given(LOCALS)
def test_mail_goes_to_the_address_as_typed(local: str) -> None:
    typed = local + DOMAIN
    try:
        address = Address.parse(typed)
    except ValueError:
        return
    assert address.text == unicodedata.normalize("NFC", typed)
    assert Address.parse(address.text) == address
    assert email_key(unicodedata.normalize("NFD", typed)) == address.key
    assert email_key(typed.swapcase() if typed.isascii() else typed) == address.key


@given(LOCALS, LOCALS)
def test_equal_keys_differ_only_in_ascii_case(one: str, other: str) -> None:
    if email_key(one + DOMAIN) == email_key(other + DOMAIN):
        first, second = unicodedata.normalize("NFC", one), unicodedata.normalize("NFC", other)
        assert first == second or first.encode().lower() == second.encode().lower()
