"""Noticing from what a desktop uploads that its clock was set: its ticks come in order, and none is in the future.

A row's time may be old for good reasons: what an outage or a crash left behind comes late. So an old time alone says
nothing of the clock. Two things are impossible as long as nobody sets it: a tick later than now, and a new tick earlier
than one of an upload before, for that upload held everything there was. And a desktop that has had a session for ten
seconds has ticks of it, so a newest tick from before its start is one of a clock that was set back since.

Claims from before the log-in are suspected of being what another person left on a shared desktop, and would count for
this one if they were taken for now. So the first of them say nothing; only a desktop that is tracking adds later ones.
"""

from collections.abc import Sequence

from tracking.clock.rules.desktop_clocks import TOLERANCE
from tracking.clock.rules.unix_time import SECOND, microseconds
from tracking.ingest.rules.upload_reader import Activity, Report

_TOLERANCE = microseconds(TOLERANCE)
_FIRST_TICKS = 10 * SECOND  # after a start; before, an upload may hold leftovers alone


class TickOrder:
    """The newest tick of a device, and the claims of its latest upload. Moments are Unix time in microseconds."""

    __slots__ = ("_latest", "_newest")

    def __init__(self) -> None:
        self._newest = 0
        self._latest: tuple[Sequence[Activity], Sequence[tuple[bytes, int]]] = ((), ())

    def shown(self, report: Report, *, session_start: int, received: int) -> int | None:
        """The newest of those ticks that say that the clock was set, as the report places it; None: none says so."""
        if not report.before:
            earliest = max(self._newest - _TOLERANCE, session_start + 1)
            for claim in report.activity:
                if claim[2] < earliest:
                    break
            else:  # as almost always
                return None
        return self._set_back(report, session_start, received)

    def _set_back(self, report: Report, session_start: int, received: int) -> int | None:
        """Claims of the latest upload may come again, because its reply was lost."""
        known = {record_id for record_id, _ in _claims(*self._latest)}
        claims = _claims(report.activity, report.before)
        new = [(record_id, at) for record_id, at in claims if record_id not in known]
        back = [at for _, at in new if at < self._newest - _TOLERANCE]
        if back:
            return max(back)
        if not new or received - session_start <= _FIRST_TICKS:
            return None
        own = [claim.at for claim in report.activity]
        if own:
            return max(own) if max(own) <= session_start else None
        added = [at for _, at in new if 0 < self._newest < at]
        return max(added, default=None)

    def note(self, report: Report) -> None:
        """The report is stored."""
        if report.activity or report.before:
            self._latest = report.activity, report.before
            for claim in report.activity:
                self._newest = max(self._newest, claim[2])
            for _record_id, at in report.before:
                self._newest = max(self._newest, at)


def _claims(activity: Sequence[Activity], before: Sequence[tuple[bytes, int]]) -> list[tuple[bytes, int]]:
    """Id and moment of each claim, also of those from before the log-in: a clock that was set back says so too."""
    return [*((claim.record_id, claim.at) for claim in activity), *before]
