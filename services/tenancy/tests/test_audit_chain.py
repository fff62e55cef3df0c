"""The chain of hashes, without a database."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicekit.errors import Refused
from tenancy.domain.audit import GENESIS, AuditEntry, ChainEnd, SealedEntry

ENTRY = AuditEntry(
    revision=1,
    id=UUID(int=1),
    at=datetime(2026, 11, 23, 12, tzinfo=UTC),
    actor="owner@tenantry.example",
    action="suspend",
    company_id=UUID(int=2),
    reason="unpaid",
    request_id="request",
    before={"state": "active"},
    after={"state": "suspended"},
)


def sealed(entries: list[AuditEntry]) -> list[SealedEntry]:
    chain: list[SealedEntry] = []
    for entry in entries:
        previous = chain[-1].hash if chain else GENESIS
        chain.append(SealedEntry(entry, previous, entry.hash(previous)))
    return chain


def follow(chain: list[SealedEntry]) -> ChainEnd:
    end = ChainEnd()
    for entry in chain:
        end = end.follow(entry)
    return end


def test_a_whole_chain_is_followed_to_its_end() -> None:
    chain = sealed([replace(ENTRY, revision=number) for number in range(1, 6)])
    assert follow(chain) == ChainEnd(5, chain[-1].hash)


@pytest.mark.parametrize(
    "change",
    [
        {"at": ENTRY.at + timedelta(microseconds=1)},
        {"id": UUID(int=3)},
        {"actor": "somebody@else.example"},
        {"action": "reactivate"},
        {"company_id": UUID(int=4)},
        {"reason": ""},
        {"request_id": ""},
        {"before": None},
        {"after": {"state": "active"}},
    ],
)
def test_a_change_of_any_field_is_found(change: dict[str, Any]) -> None:
    chain = sealed([replace(ENTRY, revision=number) for number in range(1, 4)])
    chain[1] = replace(chain[1], entry=replace(chain[1].entry, **change))
    with pytest.raises(Refused, match="revision 2 was altered"):
        follow(chain)


def test_a_forged_entry_with_a_fitting_hash_breaks_the_next_one() -> None:
    chain = sealed([replace(ENTRY, revision=number) for number in range(1, 4)])
    forged = replace(chain[1].entry, reason="forged")
    chain[1] = SealedEntry(forged, chain[0].hash, forged.hash(chain[0].hash))
    with pytest.raises(Refused, match="revision 2 was replaced"):
        follow(chain)
    chain[1] = SealedEntry(forged, bytes(32), forged.hash(bytes(32)))
    with pytest.raises(Refused, match="revision 1 was replaced"):  # or linked elsewhere: the two do not belong together
        follow(chain)


def test_an_entry_in_another_place_is_found() -> None:
    chain = sealed([replace(ENTRY, revision=number) for number in range(1, 4)])
    swapped = [chain[0], replace(chain[2], entry=replace(chain[2].entry, revision=2))]
    with pytest.raises(Refused, match="revision 2 was altered"):
        follow(swapped)
    with pytest.raises(Refused, match="revision 1 was added"):
        follow([chain[0], chain[0]])


def test_a_removed_entry_is_found() -> None:
    chain = sealed([replace(ENTRY, revision=number) for number in range(1, 4)])
    with pytest.raises(Refused, match="revision 2 is missing"):
        follow([chain[0], chain[2]])


@given(st.dictionaries(st.text(), st.text()), st.integers(-12, 12))
def test_the_hash_does_not_depend_on_how_the_content_is_written(after: dict[str, str], hours: int) -> None:
    entry = replace(ENTRY, after=after)
    elsewhere = replace(
        entry,
        at=ENTRY.at.astimezone(timezone(timedelta(hours=hours))),
        after=json.loads(json.dumps(dict(reversed(after.items())))),
    )
    assert elsewhere.hash(GENESIS) == entry.hash(GENESIS)
