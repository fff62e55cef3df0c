"""The verdict on each audit trail, and its recorded entry."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from audit_chain import ChainEnd, Verification
from owner_portal.audit.rules.trails import Chain

VERIFIED_EVERY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ChainVerdict:
    """`flaw` None: the trail is intact. `noted` is its newest entry as of `noted_at`, when it was last intact."""

    chain: Chain
    verified_at: datetime
    flaw: str | None
    noted: ChainEnd
    noted_at: datetime

    @property
    def is_whole(self) -> bool:
        return self.flaw is None

    @property
    def is_of_nothing(self) -> bool:
        """Whether the trail had no entries yet."""
        return self.is_whole and not self.noted.revision


def conclude(chain: Chain, verdict: Verification, before: ChainVerdict | None, at: datetime) -> ChainVerdict:
    """The verdict to store. The recorded entry stays until the trail is found intact again."""
    if verdict.flaw is None:
        return ChainVerdict(chain, at, None, verdict.end, at)
    if before is None:
        return ChainVerdict(chain, at, verdict.flaw, ChainEnd(), at)
    return ChainVerdict(chain, at, verdict.flaw, before.noted, before.noted_at)


def known_end(before: ChainVerdict | None) -> ChainEnd | None:
    """The entry that the trail must contain; None: none is recorded yet."""
    return before.noted if before and before.noted.revision else None


def is_due(verdicts: Mapping[Chain, ChainVerdict], chain: Chain, now: datetime) -> bool:
    """Whether the daily verification of a trail is due; a trail without entries costs nothing to verify."""
    before = verdicts.get(chain)
    return before is None or before.is_of_nothing or now - before.verified_at >= VERIFIED_EVERY
