"""From what a desktop posts to its counted day, without a database: repeated rows fall away before they are folded."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tracking.clock.rules.unix_time import SECOND
from tracking.ingest.rules.upload_reader import UploadReader
from tracking.totals.rules.daybook import Daybook, DeviceReport, EmployeeTotals
from tracking.totals.rules.timeline import Claim

ALICE, LAPTOP = UUID(int=1), UUID(int=11)
LOGIN = datetime(2026, 3, 2, 8, tzinfo=UTC)
Steps = list[tuple[str, int]]

steps = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["ACTIVE", "INACTIVE"]), st.integers(1, 90)),
        st.tuples(st.just("pause"), st.integers(1, 500)),
        st.tuples(st.just("upload"), st.integers(0, 2)),  # 0: stored, but the reply is lost
    ),
    max_size=60,
)


@dataclass
class Desktop:
    """The tracker's activity table: one row a kind and local session, deleted by a reply."""

    ahead: timedelta = timedelta()
    now: datetime = LOGIN
    session: int = 0
    rows: dict[tuple[int, str], dict[str, Any]] = field(default_factory=dict)
    worked: dict[str, int] = field(default_factory=lambda: {"ACTIVE": 0, "INACTIVE": 0})

    def tick(self, kind: str, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)
        self.worked[kind] += seconds
        before = self.rows.get((self.session, kind), {}).get("duration_seconds", 0)
        self.rows[self.session, kind] = {
            "minute_type": kind,
            "duration_seconds": before + seconds,
            "created_at": f"{self.now + self.ahead:%Y-%m-%d %H:%M:%S}",
        }


class Server:
    """Reads, drops what it has seen, folds."""

    def __init__(self, offset: timedelta) -> None:
        self.book = Daybook("UTC")
        self.seen: set[bytes] = set()
        self.offset = offset

    def take(self, desktop: Desktop, delay: float) -> None:
        report = UploadReader(ALICE, logged_in_at=LOGIN, clock_offset=self.offset).read(
            applications=(),
            websites=(),
            activities=list(desktop.rows.values()),
            received_at=desktop.now + timedelta(seconds=delay),
        )
        assert not report.quarantined
        new = [claim for claim in report.activity if claim.record_id not in self.seen]
        self.seen |= {claim.record_id for claim in new}
        if new:
            claims = [Claim(claim.kind, claim.at // SECOND, claim.seconds) for claim in new]
            self.book.fold([DeviceReport(ALICE, LAPTOP, claims)])

    def totals(self) -> EmployeeTotals:
        (totals,) = [*self.book.gains({}, {}).values()] or [EmployeeTotals()]
        return totals


def play(moves: Steps, *, ahead: float, offset: float) -> None:
    desktop, server = Desktop(timedelta(seconds=ahead)), Server(timedelta(seconds=offset))
    for number, (move, amount) in enumerate([*moves, ("upload", 1)]):
        if move == "pause":
            desktop.session += 1
            desktop.now += timedelta(seconds=amount)
        elif move != "upload":
            desktop.tick(move, amount)
        elif desktop.rows:
            server.take(desktop, delay=0.6 + number * 0.37 % 1)
            if amount:
                desktop.rows.clear()
    assert server.totals() == EmployeeTotals(desktop.worked["ACTIVE"], desktop.worked["INACTIVE"])


@given(steps)
@settings(max_examples=300)
def test_every_second_is_counted_once(moves: Steps) -> None:
    play(moves, ahead=0, offset=0)


@given(steps, st.integers(-5, 5))
@example([("ACTIVE", 10), ("upload", 1), ("ACTIVE", 10), ("upload", 1), ("ACTIVE", 10), ("upload", 1)], 3)
def test_a_clock_within_tolerance_costs_no_second(moves: Steps, ahead: int) -> None:
    play(moves, ahead=ahead, offset=0)


@given(steps, st.integers(-1_000_000, 1_000_000))
def test_a_wrong_clock_that_was_measured_costs_no_second(moves: Steps, ahead: int) -> None:
    play(moves, ahead=ahead, offset=-ahead)
