"""An intact chain, and every way in which a chain can be broken."""

from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit_chain import GENESIS, BrokenChain, ChainEnd, LinkedEntry, Verification, conclude, link_hash, verify


@dataclass(frozen=True)
class Note:
    revision: int
    words: str

    def hash(self, previous: bytes) -> bytes:
        return link_hash(previous, {"revision": self.revision, "words": self.words})


def chain_of(length: int) -> list[LinkedEntry[Note]]:
    chain: list[LinkedEntry[Note]] = []
    for revision in range(1, length + 1):
        previous = chain[-1].hash if chain else GENESIS
        note = Note(revision, f"entry {revision}")
        chain.append(LinkedEntry(note, previous, note.hash(previous)))
    return chain


def flaw(chain: list[LinkedEntry[Note]], known: ChainEnd | None = None) -> str | None:
    return verify(ChainEnd(), chain, known).flaw


def test_an_intact_chain_is_verified_to_its_end() -> None:
    chain = chain_of(5)
    assert verify(ChainEnd(), chain) == Verification(ChainEnd(5, chain[-1].hash), None)


def test_a_chain_may_be_verified_in_pages() -> None:
    chain = chain_of(5)
    first = verify(ChainEnd(), chain[:2])
    assert verify(first.end, chain[2:]) == verify(ChainEnd(), chain)


def test_hashes_of_the_first_version_remain_valid() -> None:
    """Trails are kept for years, so new hashes must equal those of the first version."""
    content = {"words": 'ä "quoted"', "revision": 1, "facts": {"b": "2", "a": None}}
    assert link_hash(GENESIS, content).hex() == "9f60a45e253db04525abab96a3593050067bf4bee40567ca978992670d1d0df8"


def test_an_altered_entry_is_found() -> None:
    chain = chain_of(3)
    chain[1] = replace(chain[1], entry=Note(2, "forged"))
    assert flaw(chain) == "the audit entry of revision 2 was altered"


def test_a_replaced_entry_with_a_matching_hash_breaks_its_successor() -> None:
    chain = chain_of(3)
    forged = Note(2, "forged")
    chain[1] = LinkedEntry(forged, chain[0].hash, forged.hash(chain[0].hash))
    assert flaw(chain) == "the audit entry of revision 2 was replaced"
    chain[1] = LinkedEntry(forged, GENESIS, forged.hash(GENESIS))
    assert flaw(chain) == "the audit entry of revision 1 was replaced", "linked elsewhere: the two do not fit"


def test_a_removed_or_repeated_entry_is_found() -> None:
    chain = chain_of(3)
    assert flaw([chain[0], chain[2]]) == "the audit entry of revision 2 is missing"
    assert flaw([chain[0], chain[0]]) == "the audit entry of revision 1 was added: it belongs to no revision"


@pytest.mark.parametrize(
    ("newest", "known", "expected"),
    [
        (3, None, None),
        (2, None, "the audit entry of revision 3 was added: the clock is at 2"),
        (4, None, "the audit entry of revision 4 is missing: the clock is at 4"),
        (3, ChainEnd(5, GENESIS), "the audit entry of revision 4 is missing: one of 5 was noted down"),
    ],
)
def test_a_chain_must_end_at_the_newest_revision(newest: int, known: ChainEnd | None, expected: str | None) -> None:
    verdict = verify(ChainEnd(), chain_of(3), known)
    assert conclude(verdict, newest, known).flaw == expected


def test_a_rewritten_chain_lacks_the_recorded_hash() -> None:
    chain = chain_of(3)
    noted = ChainEnd(2, chain[1].hash)
    assert flaw(chain, noted) is None
    anew = [LinkedEntry(Note(1, "other"), GENESIS, Note(1, "other").hash(GENESIS))]
    second = Note(2, "other")
    anew.append(LinkedEntry(second, anew[0].hash, second.hash(anew[0].hash)))
    assert flaw(anew) is None
    assert flaw(anew, noted) == "the audit entry of revision 2 is not the one that was noted down"


def test_a_flaw_remains_the_verdict() -> None:
    broken = Verification(ChainEnd(), "the audit entry of revision 1 was altered")
    assert conclude(broken, 7) is broken


def test_an_end_names_what_breaks_it() -> None:
    with pytest.raises(BrokenChain, match="revision 1 is missing"):
        ChainEnd().follow(chain_of(2)[1])


@given(st.dictionaries(st.text(), st.text()))
def test_the_hash_does_not_depend_on_the_order_of_the_content(content: dict[str, str]) -> None:
    assert link_hash(GENESIS, content) == link_hash(GENESIS, dict(reversed(content.items())))
