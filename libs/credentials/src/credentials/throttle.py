"""How often a password may be tried: what an attempt is counted against, and how much each of these may take.

Pure rules. A service stores one `Count` for each subject and applies `step` to it in its database.
"""

import hashlib
import ipaddress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

WINDOW = timedelta(minutes=15)
DAY = timedelta(days=1)


class Kind(StrEnum):
    """What an attempt has in common with others."""

    ADDRESS = "address"  # the network it comes from, whatever account it is about
    PAIR = "pair"  # an account, from one network
    ACCOUNT = "account"  # an account, from all places that it has not been used from
    KNOWN = "known"  # an account, from one browser or place that it has been used from
    CODE = "code"  # codes of an account's second factor, from one browser or from all unknown ones
    PROOF = "proof"  # somebody signed in who confirms the own password


@dataclass(frozen=True, slots=True)
class Budget:
    """How many attempts are admitted in a window of 15 minutes, and in a day."""

    window: int
    day: int


# One address must not be able to use up an account's budget alone: PAIR stays far below ACCOUNT.
# ACCOUNT a day: NIST SP 800-63B allows 100 failures in a row; at 60 a list of the 1,000 most common passwords, none of
# which can be set, takes 17 days of one account's attention.
BUDGETS = {
    Kind.ADDRESS: Budget(50, 300),
    Kind.PAIR: Budget(10, 20),
    Kind.ACCOUNT: Budget(30, 60),
    Kind.KNOWN: Budget(10, 50),
    Kind.CODE: Budget(5, 20),
    Kind.PROOF: Budget(10, 50),
}


@dataclass(frozen=True, slots=True)
class Count:
    """What one subject has used. `refused` is how often it was over its budget since the day began."""

    used: int
    ends_at: datetime
    day_used: int
    day_ends_at: datetime
    refused: int = 0
    admitted: bool = True  # the last attempt

    def is_used_up(self, budget: Budget, now: datetime) -> bool:
        """Whether no attempt is admitted now."""
        return (self.day_used >= budget.day and self.day_ends_at > now) or (
            self.used >= budget.window and self.ends_at > now
        )


def step(count: Count | None, budget: Budget, now: datetime) -> Count:
    """The count after one more attempt. One that is refused uses nothing: waiting always helps."""
    if count is None:
        count = Count(0, now + WINDOW, 0, now + DAY)
    if count.ends_at <= now:
        count = replace(count, used=0, ends_at=now + WINDOW)
    if count.day_ends_at <= now:
        count = replace(count, day_used=0, day_ends_at=now + DAY, refused=0)
    if count.used < budget.window and count.day_used < budget.day:
        return replace(count, used=count.used + 1, day_used=count.day_used + 1, admitted=True)
    return replace(count, refused=count.refused + 1, admitted=False)


def give_back(count: Count) -> Count:
    """The count after an attempt that succeeded: its own place is free again, those of failures are not."""
    return replace(count, used=max(0, count.used - 1), day_used=max(0, count.day_used - 1))


def open_again_at(count: Count, budget: Budget) -> datetime:
    """When the next attempt is admitted."""
    return count.day_ends_at if count.day_used >= budget.day else count.ends_at


def network_of(address: str) -> str:
    """What an address is counted as: an IPv4 address itself, an IPv6 address by its /64, which one customer has."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)


def subject(kind: Kind, *parts: bytes | str) -> bytes:
    """The digest under which attempts are counted. No part can run into the next."""
    digest = hashlib.sha256(kind.encode())
    for part in parts:
        raw = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        digest.update(len(raw).to_bytes(8) + raw)
    return digest.digest()
