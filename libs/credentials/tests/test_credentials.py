"""Passwords are known by their hashes, tokens by their digests."""

import pytest

from credentials.passwords import hash_password, verify_password
from credentials.tokens import new_token, token_digest

HALF = "half a pair \ud800"


@pytest.mark.parametrize("password", ["open sesame", "ünï 密码 🔑", HALF, ""])
async def test_a_password_opens_and_no_other(password: str) -> None:
    stored = await hash_password(password)
    assert password not in stored or not password
    assert await verify_password(stored, password)
    assert not await verify_password(stored, password + "x")
    assert stored != await hash_password(password), "each has a salt of its own"


@pytest.mark.parametrize("stored", [None, "", "nothing that argon2 made", "$argon2id$v=19$m=8,t=1,p=1$x$y"])
async def test_no_hash_is_opened_by_nothing(stored: str | None) -> None:
    assert not await verify_password(stored, "open sesame")


def test_a_token_and_its_digest() -> None:
    tokens = {new_token() for _ in range(1000)}
    assert len(tokens) == 1000
    assert min(map(len, tokens)) >= 43
    assert {len(token_digest(token)) for token in tokens} == {32}
    assert token_digest(HALF) != token_digest("half a pair ")
