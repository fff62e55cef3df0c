"""Steps of generated histories with deletions."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from tracking.totals.rules.timeline import ActivityKind

MIDNIGHT = int(datetime(2026, 3, 29, tzinfo=ZoneInfo("Europe/Berlin")).timestamp())  # of a day with 23 hours
ZONES = ("Europe/Berlin", "UTC", "Asia/Kolkata", "America/New_York")
LAG = 90  # seconds by which a heartbeat may be older than the recorded time


@dataclass(frozen=True)
class Work:
    """A session at one of two devices, until its tracker ends it, or until a heartbeat, which leaves it open."""

    device: int
    start: float
    seconds: float
    is_ended: bool = True


@dataclass(frozen=True)
class Seen:
    """A heartbeat of a session; one that ended for silence continues."""

    place: int
    at: float


@dataclass(frozen=True)
class EndedByAdmin:
    """An open session is ended at its last heartbeat."""

    place: int


@dataclass(frozen=True)
class Silence:
    """All open sessions are."""


@dataclass(frozen=True)
class Sent:
    """A report of time of one device: (kind, end, seconds)."""

    device: int
    claims: tuple[tuple[ActivityKind, int, int], ...]


@dataclass(frozen=True)
class Used:
    """An application was in front until then."""

    end: int


@dataclass(frozen=True)
class Again:
    """An earlier upload comes once more."""

    place: int


@dataclass(frozen=True)
class Shot:
    """A screenshot of a session."""

    place: int
    at: int


@dataclass(frozen=True)
class Deleted:
    """An admin deletes a session."""

    place: int


@dataclass(frozen=True)
class Erased:
    """What came late of deleted sessions is erased."""


@dataclass(frozen=True)
class Moved:
    """The company's days are others."""

    zone: str


@dataclass(frozen=True)
class Folded:
    """What waits is counted; `checked`: and everything is compared."""

    checked: bool


quarters = st.integers(-4, 16).map(lambda n: MIDNIGHT + 900 * n)
moments = st.builds(lambda quarter, more: quarter + more, quarters, st.integers(-3, 3))
fractions = st.sampled_from((0.0, 0.25, 0.75))
fine_moments = st.builds(lambda moment, fraction: moment + fraction, moments, fractions)
places = st.integers(0, 9)
sessions_of_work = st.builds(
    Work,
    device=st.integers(0, 1),
    start=fine_moments,
    seconds=st.builds(lambda whole, fraction: whole + fraction, st.integers(0, 7200), fractions),
    is_ended=st.booleans(),
)
claims = st.tuples(st.sampled_from(ActivityKind), moments, st.integers(1, 5400))
sent = st.builds(Sent, device=st.integers(0, 1), claims=st.lists(claims, min_size=1, max_size=4).map(tuple))
steps = st.one_of(
    *(sessions_of_work, sessions_of_work, sent, sent),
    st.builds(Seen, place=places, at=fine_moments),
    st.builds(EndedByAdmin, place=places),
    st.builds(Silence),
    st.builds(Used, end=st.builds(lambda moment, more: moment + more, moments, st.integers(-LAG, LAG))),
    st.builds(Again, place=places),
    st.builds(Shot, place=places, at=moments),
    st.builds(Deleted, place=places),
    st.builds(Deleted, place=places),
    st.builds(Erased),
    st.builds(Moved, zone=st.sampled_from(ZONES)),
    st.builds(Folded, checked=st.booleans()),
)
