"""Noticing from what a desktop uploads that its clock was set: its ticks come in order, and none is in the future.

A row's time may be old for good reasons: what an outage or a crash left behind comes late. So an old time alone says
nothing of the clock. Two things are impossible as long as nobody sets it: a tick later than now, and a new tick earlier
than one of an upload before, for that upload held everything there was. And a desktop that has had a session for ten
seconds has ticks of it, so a newest tick from before its start is one of a clock that was set back since.
"""

from collections.abc import Iterable

from tracking.domain.reports import TOLERANCE, Report
from tracking.domain.unix_time import SECOND, microseconds

_TOLERANCE = microseconds(TOLERANCE)
_FIRST_TICKS = 10 * SECOND  # after a start; before, an upload may hold leftovers alone


class TickOrder:
    """The newest tick of a device, and the claims of its latest upload. Moments are Unix time in microseconds."""

    __slots__ = ("_latest", "_newest")

    def __init__(self) -> None:
        self._newest: int | None = None
        self._latest: frozenset[bytes] = frozenset()

    def shown(self, report: Report, *, session_start: int, received: int) -> int | None:
        """The newest of those ticks that say that the clock was set, as the report places it; None: none says so.

        Claims of the latest upload may come again, because its reply was lost.
        """
        newest = self._newest
        claims = _claims(report)
        back = None
        if newest is not None:
            for record_id, at in claims:
                if at < newest - _TOLERANCE and record_id not in self._latest and (back is None or at > back):
                    back = at
        if back is None and claims and received - session_start > _FIRST_TICKS:
            last = max([at for _, at in claims])
            if last <= session_start and not self._latest.issuperset([record for record, _ in claims]):
                back = last
        return back

    def note(self, report: Report) -> None:
        """The report is stored."""
        claims = _claims(report)
        if claims:
            newest = max([at for _, at in claims])
            self._newest = newest if self._newest is None else max(self._newest, newest)
            self._latest = frozenset([record_id for record_id, _ in claims])


def _claims(report: Report) -> list[tuple[bytes, int]]:
    """Id and moment of each claim, also of those from before the log-in: a clock that was set back says so too."""
    own: Iterable[tuple[bytes, int]] = [(claim.record_id, claim.at) for claim in report.activity]
    return [*own, *report.before] if report.before else [*own]
