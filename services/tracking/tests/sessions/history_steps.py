"""Steps of generated histories of sessions."""

from dataclasses import dataclass

from hypothesis import strategies as st

DESKTOPS = 2
AGENT = 2  # its place among the devices


@dataclass(frozen=True)
class Begin:
    """Somebody starts to work at a device; `lost`: the answer is."""

    device: int
    lost: bool


@dataclass(frozen=True)
class Work:
    """Seconds of work at a device, for none of the others."""

    device: int
    seconds: int
    kind: str


@dataclass(frozen=True)
class Send:
    """An upload or a batch; `lost`: the answer is."""

    device: int
    lost: bool


@dataclass(frozen=True)
class Stop:
    """The session of a device ends; `crashes`: without a word."""

    device: int
    crashes: bool


@dataclass(frozen=True)
class SetClock:
    """The clock of a device is set."""

    device: int
    by: int


@dataclass(frozen=True)
class Pass:
    """Time goes by."""

    seconds: int


@dataclass(frozen=True)
class Again:
    """A desktop's old thread posts what was posted before."""

    device: int
    place: int


@dataclass(frozen=True)
class ByAdmin:
    """An admin ends or deletes one of the person's sessions."""

    place: int
    deletes: bool


@dataclass(frozen=True)
class Platform:
    """The company is suspended and reactivated, sessions fall silent, or the aggregator counts."""

    what: str


devices = st.integers(0, AGENT)
desktops = st.integers(0, DESKTOPS - 1)
mostly_not = st.sampled_from((False, False, False, True))
durations = st.one_of(st.integers(1, 40), st.sampled_from((60, 600, 3600)))
steps = st.one_of(
    st.builds(Begin, device=devices, lost=mostly_not),
    *[st.builds(Work, device=devices, seconds=durations, kind=st.sampled_from(("ACTIVE", "ACTIVE", "INACTIVE")))] * 4,
    *[st.builds(Send, device=devices, lost=mostly_not)] * 3,
    st.builds(Stop, device=devices, crashes=mostly_not),
    st.builds(SetClock, device=devices, by=st.sampled_from((-7200, -3600, -600, -90, 90, 600, 3600, 7200))),
    st.builds(Pass, seconds=durations),
    st.builds(Again, device=desktops, place=st.integers(0, 5)),
    st.builds(ByAdmin, place=st.integers(0, 5), deletes=st.booleans()),
    st.builds(Platform, what=st.sampled_from(("silence", "fold", "suspension", "fold", "silence"))),
)
