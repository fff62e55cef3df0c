"""Passwords are recognised by their hashes, tokens by their digests."""

import unicodedata
from unittest.mock import Mock

import pytest
from argon2 import PasswordHasher

from credentials import passwords
from credentials.hashing import QueuePlace
from credentials.passwords import MARK, hash_password, is_current, matching_hashes, salt_for, verify_password
from credentials.preparation import MIN_LENGTH, UnfitPassword, check_new_password
from credentials.tokens import new_token, token_digest

HALF = "half a pair \ud800"


@pytest.mark.parametrize("password", ["open sesame tonight", "ünï 密码 🔑"])
async def test_only_the_right_password_matches(password: str) -> None:
    stored = await hash_password(password)
    assert password not in stored
    assert await verify_password(stored, password)
    assert not await verify_password(stored, password + "x")
    assert stored != await hash_password(password), "each hash has its own salt"


async def test_composed_and_decomposed_characters_are_equal() -> None:
    composed = unicodedata.normalize("NFC", "größerer Öltanker é")
    decomposed = unicodedata.normalize("NFD", composed)
    for set_as, typed in ((composed, decomposed), (decomposed, composed)):
        assert await verify_password(await hash_password(set_as), typed)
    assert await verify_password(await hash_password("two\u00a0words apart"), "two words apart")


async def test_an_old_hash_matches_the_raw_input_and_is_replaced() -> None:
    typed = unicodedata.normalize("NFD", "größerer Öltanker")
    old = PasswordHasher(time_cost=1, memory_cost=64, parallelism=4).hash(typed)
    assert await verify_password(old, typed)
    assert not is_current(old)
    assert is_current(await hash_password(typed))


@pytest.mark.parametrize("stored", [None, "", "nothing that argon2 made", "$argon2id$v=19$m=8,t=1,p=1$x$y"])
@pytest.mark.parametrize("typed", ["open sesame tonight", "", HALF, "\0"])
async def test_nothing_matches_without_a_hash(stored: str | None, typed: str) -> None:
    assert not await verify_password(stored, typed)


async def test_one_hash_is_compared_with_all_accounts_of_an_email(monkeypatch: pytest.MonkeyPatch) -> None:
    salt = salt_for(bytes(32), b"digest")
    first, second = await hash_password("open sesame tonight", salt), await hash_password("another one tonight", salt)
    other = await hash_password("open sesame tonight")
    compute = Mock(side_effect=passwords._compute)
    monkeypatch.setattr(passwords, "_compute", compute)
    for stored, found in (
        ([first, second, first], [first, first]),
        ([second, other], []),
        ([], []),
        (["nonsense"], []),
    ):
        compute.reset_mock()
        assert await matching_hashes(stored, "open sesame tonight", QueuePlace(), salt=salt) == found
        assert compute.call_count == 1
    assert first.startswith(MARK)
    assert is_current(first, salt)
    assert not is_current(other, salt)


@pytest.mark.parametrize(
    "password",
    [
        *("", " " * MIN_LENGTH, "short", "x" * 300, "password1234", "qwertyuiop12", "aaaaaaaaaaaa"),
        "tab\tin the middle",
        *("ada@acme.example", "Ada@Acme.Example1", "lovelace-lovelace", "AcmeAcmeAcme1"),
    ],
)
def test_unacceptable_passwords(password: str) -> None:
    with pytest.raises(UnfitPassword):
        check_new_password(password, ["ada@acme.example", "Ada Lovelace", "Acme"])


@pytest.mark.parametrize("password", ["open sesame tonight", "correct horse battery", "Zx9-kTq2-Lm4v", "x y" * 80])
def test_acceptable_passwords(password: str) -> None:
    if password.startswith("x y"):
        with pytest.raises(UnfitPassword, match="easy to guess"):
            check_new_password(password)
    else:
        check_new_password(password, ["ada@acme.example", "Ada Lovelace"])


def test_a_token_and_its_digest() -> None:
    tokens = {new_token() for _ in range(1000)}
    assert len(tokens) == 1000
    assert min(map(len, tokens)) >= 43
    assert {len(token_digest(token)) for token in tokens} == {32}
    assert token_digest(HALF) != token_digest("half a pair ")
