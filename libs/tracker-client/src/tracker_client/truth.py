"""The true activity of a desktop, with which tests compare the platform's reports."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tracker_client.rows import ActivityKind, ActivityRow, Upload


@dataclass(frozen=True, slots=True)
class Span:
    """Consecutive ticks of one kind in one session: `seconds` from `start`."""

    start: datetime
    seconds: int
    kind: ActivityKind
    session_id: int | str

    @property
    def end(self) -> datetime:
        """The time of the newest tick."""
        return self.start + timedelta(seconds=self.seconds)


def seconds_by_kind(rows: tuple[ActivityRow, ...]) -> Counter[ActivityKind]:
    """Returns the total seconds of activity rows by kind."""
    total: Counter[ActivityKind] = Counter()
    for row in rows:
        total[row.kind] += row.seconds
    return total


@dataclass
class Truth:
    """Totals since the creation of the desktop, in seconds by kind and in rows by table.

    At any time `ticked` equals `acknowledged` + `deleted_unsent` + the content of the local tables.
    """

    spans: list[Span] = field(default_factory=list)
    ticked: Counter[ActivityKind] = field(default_factory=Counter)
    acknowledged: Counter[ActivityKind] = field(default_factory=Counter)
    deleted_unsent: Counter[ActivityKind] = field(default_factory=Counter)
    rows_posted: Counter[str] = field(default_factory=Counter)
    rows_acknowledged: Counter[str] = field(default_factory=Counter)

    def add_ticks(self, start: datetime, seconds: int, kind: ActivityKind, session_id: int | str) -> None:
        """Records ticks; adjacent ones extend the newest span."""
        self.ticked[kind] += seconds
        last = self.spans[-1] if self.spans else None
        if last and (last.end, last.kind, last.session_id) == (start, kind, session_id):
            self.spans[-1] = Span(last.start, last.seconds + seconds, kind, session_id)
        else:
            self.spans.append(Span(start, seconds, kind, session_id))

    def add_post(self, posted: Upload) -> None:
        """Counts sent rows, whether or not they arrived."""
        self.rows_posted.update(_rows(posted))

    def add_acknowledgement(self, posted: Upload, held: Upload, *, all_deleted: bool) -> None:
        """Counts an upload with a 200; `held` are the local rows at the time of the response."""
        fresh = posted.generation == held.generation
        if fresh:
            self.acknowledged += seconds_by_kind(posted.activities)
            self.rows_acknowledged.update(_rows(posted))
        if all_deleted:
            sent = seconds_by_kind(posted.activities) if fresh else Counter[ActivityKind]()
            self.deleted_unsent += seconds_by_kind(held.activities) - sent


def _rows(upload: Upload) -> dict[str, int]:
    return {
        "applications": len(upload.applications),
        "websites": len(upload.websites),
        "activities": len(upload.activities),
    }
