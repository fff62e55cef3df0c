"""The rules of the sign-in throttle: which counts an attempt affects, and their budgets.

A service stores one `Count` for each subject and applies `step` to it in its database.
"""

import hashlib
import ipaddress
import math
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

WINDOW = timedelta(minutes=15)
DAY = timedelta(days=1)


class CountKind(StrEnum):
    """The kind of a count."""

    ADDRESS = "address"  # attempts from one network, at any account
    PAIR = "pair"  # at one account from one network
    ACCOUNT = "account"  # at one account from all unknown places
    KNOWN = "known"  # at one account from one known place
    CODE = "code"  # at one account's second factor, from one known browser or from all unknown ones
    PROOF = "proof"  # of a signed-in person who confirms the password


@dataclass(frozen=True, slots=True)
class Budget:
    """The attempts admitted in a window of 15 minutes, and in a day."""

    window: int
    day: int


# PAIR stays far below ACCOUNT, so that one address cannot use up an account's budget alone.
# NIST SP 800-63B allows 100 consecutive failures. At 60 a day, the 1,000 most common passwords take 17 days, and none
# of them can be chosen.
BUDGETS = {
    CountKind.ADDRESS: Budget(50, 300),
    CountKind.PAIR: Budget(10, 20),
    CountKind.ACCOUNT: Budget(30, 60),
    CountKind.KNOWN: Budget(10, 50),
    CountKind.CODE: Budget(5, 20),
    CountKind.PROOF: Budget(10, 50),
}


@dataclass(frozen=True, slots=True)
class Count:
    """The used budget of one subject. `refused` counts the attempts beyond it since the day began."""

    used: int
    ends_at: datetime
    day_used: int
    day_ends_at: datetime
    refused: int = 0
    admitted: bool = True  # the last attempt

    def is_used_up(self, budget: Budget, now: datetime) -> bool:
        """Returns whether no attempt is admitted now."""
        return (self.day_used >= budget.day and self.day_ends_at > now) or (
            self.used >= budget.window and self.ends_at > now
        )


def step(count: Count | None, budget: Budget, now: datetime) -> Count:
    """Returns the count after one more attempt. A refused attempt uses no budget and extends no window."""
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
    """Returns the count after a successful attempt, which is refunded; failures remain."""
    return replace(count, used=max(0, count.used - 1), day_used=max(0, count.day_used - 1))


def next_attempt_at(count: Count, budget: Budget) -> datetime:
    """Returns when the next attempt is admitted."""
    return count.day_ends_at if count.day_used >= budget.day else count.ends_at


def describe_wait(seconds: float) -> str:
    """Returns a wait in words, at least a minute: in minutes below 100, then in hours."""
    minutes = max(1, math.ceil(seconds / 60))
    if minutes >= 100:
        return f"{math.ceil(minutes / 60)} hours"
    return f"{minutes} minute{'s' if minutes > 1 else ''}"


def network_of(address: str) -> str:
    """Returns the network that counts for an address: an IPv4 address itself, the /64 of an IPv6 address."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)


def subject(kind: CountKind, *parts: bytes | str) -> bytes:
    """Returns the digest under which attempts are counted. Parts are length-prefixed, so none runs into the next."""
    digest = hashlib.sha256(kind.encode())
    for part in parts:
        raw = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        digest.update(len(raw).to_bytes(8) + raw)
    return digest.digest()
