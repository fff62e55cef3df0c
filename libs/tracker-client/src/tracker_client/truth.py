"""What really happened at a desktop, so that a test can compare it with what the platform reports."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tracker_client.rows import ActivityRow, Kind, Upload


@dataclass(frozen=True, slots=True)
class Span:
    """Consecutive ticks of one kind in one session: `seconds` from `start` on."""

    start: datetime
    seconds: int
    kind: Kind
    session_id: int | str

    @property
    def end(self) -> datetime:
        """The moment of the newest tick."""
        return self.start + timedelta(seconds=self.seconds)


def seconds_by_kind(rows: tuple[ActivityRow, ...]) -> Counter[Kind]:
    """Sums activity rows by kind, in seconds."""
    total: Counter[Kind] = Counter()
    for row in rows:
        total[row.kind] += row.seconds
    return total


@dataclass
class Truth:
    """Totals since the desktop was set up, in seconds by kind and in rows by table.

    At any moment `ticked` equals `acknowledged` + `deleted_unsent` + what the local tables still hold.
    """

    spans: list[Span] = field(default_factory=list)
    ticked: Counter[Kind] = field(default_factory=Counter)
    acknowledged: Counter[Kind] = field(default_factory=Counter)
    deleted_unsent: Counter[Kind] = field(default_factory=Counter)
    rows_posted: Counter[str] = field(default_factory=Counter)
    rows_acknowledged: Counter[str] = field(default_factory=Counter)

    def add_ticks(self, start: datetime, seconds: int, kind: Kind, session_id: int | str) -> None:
        """Records ticks; those that follow on the newest span lengthen it."""
        self.ticked[kind] += seconds
        last = self.spans[-1] if self.spans else None
        if last and (last.end, last.kind, last.session_id) == (start, kind, session_id):
            self.spans[-1] = Span(last.start, last.seconds + seconds, kind, session_id)
        else:
            self.spans.append(Span(start, seconds, kind, session_id))

    def add_post(self, posted: Upload) -> None:
        """Counts rows that were sent, whether or not they arrived."""
        self.rows_posted.update(_rows(posted))

    def add_acknowledgement(self, posted: Upload, held: Upload, *, all_deleted: bool) -> None:
        """Counts an upload answered with 200, of which `held` were the local rows when the answer came."""
        fresh = posted.generation == held.generation
        if fresh:
            self.acknowledged += seconds_by_kind(posted.activities)
            self.rows_acknowledged.update(_rows(posted))
        if all_deleted:
            sent = seconds_by_kind(posted.activities) if fresh else Counter[Kind]()
            self.deleted_unsent += seconds_by_kind(held.activities) - sent


def _rows(upload: Upload) -> dict[str, int]:
    return {
        "applications": len(upload.applications),
        "websites": len(upload.websites),
        "activities": len(upload.activities),
    }
