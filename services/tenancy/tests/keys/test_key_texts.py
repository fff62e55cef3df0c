"""Keys and peppers without a database."""

import hashlib
import hmac
import re
from datetime import timedelta

import pytest

from servicekit.errors import InvalidInput
from tenancy.keys.rules.keys import checked_grace, key_text, new_key
from tenancy.keys.rules.peppers import Pepper, Peppers

PEPPER = Pepper(bytes(range(32)))


def test_a_key_has_its_form_and_its_hint() -> None:
    key = new_key(PEPPER)
    assert re.fullmatch(r"company_[0-9a-f]{32}", key.text)
    assert key.hint == key.text[-4:]
    assert key.digest == hmac.new(PEPPER.secret, key.text.encode(), hashlib.sha256).digest()
    assert key.text not in repr(key)


def test_a_key_follows_from_its_seed_and_its_pepper() -> None:
    key = new_key(PEPPER)
    assert key_text(key.seed, PEPPER) == key.text
    assert key_text(key.seed, Pepper(bytes(32))) != key.text


def test_keys_do_not_repeat_and_each_pepper_has_its_own_digest() -> None:
    assert len({new_key(PEPPER).text for _ in range(1_000)}) == 1_000
    text = "company_" + "0" * 32
    assert PEPPER.digest(text) != Pepper(bytes(32)).digest(text)


def test_peppers_are_found_by_ids_that_anyone_who_has_them_can_compute() -> None:
    peppers = Peppers.of(PEPPER.secret, bytes(32))
    assert PEPPER.id == hmac.new(PEPPER.secret, b"pepper-id", hashlib.sha256).hexdigest()[:8]
    assert peppers.find(PEPPER.id) == PEPPER
    assert peppers.find(Pepper(bytes(32)).id) == Pepper(bytes(32))
    assert peppers.find("00000000") is None
    assert PEPPER.secret.hex() not in repr(peppers)
    assert repr(PEPPER.secret) not in repr(peppers)


def test_a_grace_period_has_at_most_90_days() -> None:
    assert checked_grace(0) == timedelta(0)
    assert checked_grace(90 * 86_400) == timedelta(days=90)
    with pytest.raises(InvalidInput, match=r"grace_seconds is 7776001: give at most 7776000 \(90 days\)"):
        checked_grace(90 * 86_400 + 1)
