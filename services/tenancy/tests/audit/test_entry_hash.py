"""What the hash of an audit entry covers. The verification of a chain is tested with the library."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit_chain import GENESIS, ChainEnd, LinkedEntry, verify
from tenancy.audit.rules import AuditEntry, SealedEntry

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


def linked(entries: list[AuditEntry]) -> list[SealedEntry]:
    chain: list[SealedEntry] = []
    for entry in entries:
        previous = chain[-1].hash if chain else GENESIS
        chain.append(LinkedEntry(entry, previous, entry.hash(previous)))
    return chain


def test_entries_are_sealed_as_they_always_were() -> None:
    """The hash that the first version wrote, since trails are kept for years."""
    assert ENTRY.hash(GENESIS).hex() == "caf3a20a8d92f7203f5fcd2297ffecb941815688cd019a1154b08cdf73090dd2"


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
        {"caller": "operator"},
    ],
)
def test_a_change_of_any_field_is_found(change: dict[str, Any]) -> None:
    chain = linked([replace(ENTRY, revision=number) for number in range(1, 4)])
    assert verify(ChainEnd(), chain).flaw is None
    chain[1] = replace(chain[1], entry=replace(chain[1].entry, **change))
    assert verify(ChainEnd(), chain).flaw == "the audit entry of revision 2 was altered"


def test_an_entry_in_another_place_is_found() -> None:
    chain = linked([replace(ENTRY, revision=number) for number in range(1, 4)])
    swapped = [chain[0], replace(chain[2], entry=replace(chain[2].entry, revision=2))]
    assert verify(ChainEnd(), swapped).flaw == "the audit entry of revision 2 was altered"


@given(st.dictionaries(st.text(), st.text()), st.integers(-12, 12))
def test_the_hash_does_not_depend_on_how_the_content_is_written(after: dict[str, str], hours: int) -> None:
    entry = replace(ENTRY, after=after)
    elsewhere = replace(
        entry,
        at=ENTRY.at.astimezone(timezone(timedelta(hours=hours))),
        after=json.loads(json.dumps(dict(reversed(after.items())))),
    )
    assert elsewhere.hash(GENESIS) == entry.hash(GENESIS)
