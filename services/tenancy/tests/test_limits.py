"""Tenancy's limits from both sides."""

import pytest

from servicekit.errors import InvalidInput
from tenancy.companies.rules.listing import SEARCH_LENGTH, Question, Sort


def test_a_search_text_has_a_longest() -> None:
    def ask(length: int) -> str:
        return Question.checked(search="a" * length, states=set(), sort=Sort.NAME, descending=False).search

    assert ask(SEARCH_LENGTH) == "a" * SEARCH_LENGTH
    with pytest.raises(InvalidInput):
        ask(SEARCH_LENGTH + 1)
