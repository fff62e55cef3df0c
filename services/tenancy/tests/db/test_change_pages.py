"""Pages of change lists."""

import pytest

from servicekit.errors import InvalidInput
from tenancy.db.rules import ChangePage


@pytest.mark.parametrize(("asked", "given_"), [(0, 1_000), (1, 1), (1_000, 1_000), (4_000_000_000, 1_000)])
def test_a_page_has_at_most_1_000_changes(asked: int, given_: int) -> None:
    assert ChangePage.checked(after_revision=0, limit=asked).limit == given_


def test_a_revision_that_cannot_be_is_refused() -> None:
    with pytest.raises(InvalidInput, match="after_revision is out of range"):
        ChangePage.checked(after_revision=2**63, limit=0)
