"""What was found of each audit trail, and which of its entries was noted down here."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from audit_chain import ChainEnd, Verdict
from owner_portal.audit.rules.trails import Chain

VERIFIED_EVERY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ChainVerdict:
    """`flaw` None: the trail was whole. `noted` is its newest entry as of `noted_at`, when it was whole last."""

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
        """Whether the trail had no entry yet."""
        return self.is_whole and not self.noted.revision


def conclude(chain: Chain, verdict: Verdict, before: ChainVerdict | None, at: datetime) -> ChainVerdict:
    """The verdict to keep. What was noted down stays noted until the trail is found whole again."""
    if verdict.flaw is None:
        return ChainVerdict(chain, at, None, verdict.end, at)
    if before is None:
        return ChainVerdict(chain, at, verdict.flaw, ChainEnd(), at)
    return ChainVerdict(chain, at, verdict.flaw, before.noted, before.noted_at)


def known_end(before: ChainVerdict | None) -> ChainEnd | None:
    """The entry through which the trail must lead; None when there is none yet."""
    return before.noted if before and before.noted.revision else None


def is_due(verdicts: Mapping[Chain, ChainVerdict], chain: Chain, now: datetime) -> bool:
    """Whether a trail should be followed again without being asked to; one without entries costs nothing to follow."""
    before = verdicts.get(chain)
    return before is None or before.is_of_nothing or now - before.verified_at >= VERIFIED_EVERY
