"""Detects clock steps from uploads: a tracker's ticks come in order, and no tick lies in the future.

An old row proves nothing: rows left over from an outage or a crash arrive late. Two things are impossible without a
clock step: a tick later than now, and a new tick earlier than one of a previous upload, because that upload contained
everything there was. And after ten seconds of a session there are ticks of it, so if the newest tick is from before its
start, the clock has been set back.

Claims from before the log-in may be another person's, left on a shared desktop, and must not be counted now. So the
first of them prove nothing; only a desktop that is tracking adds later ones.
"""

from collections.abc import Sequence

from tracking.clock.rules.desktop_clocks import TOLERANCE
from tracking.clock.rules.unix_time import SECOND, microseconds
from tracking.ingest.rules.upload_reader import ActivityClaim, Report

_TOLERANCE = microseconds(TOLERANCE)
_FIRST_TICKS = 10 * SECOND  # after the start of a session; before, an upload may contain leftovers alone


class TickOrder:
    """The newest tick of a device, and the claims of its latest upload. Moments are Unix time in microseconds."""

    __slots__ = ("_latest", "_newest")

    def __init__(self) -> None:
        self._newest = 0
        self._latest: tuple[Sequence[ActivityClaim], Sequence[tuple[bytes, int]]] = ((), ())

    def shown(self, report: Report, *, session_start: int, received: int) -> int | None:
        """The newest tick that proves a clock step, as the report places it; None if there is none."""
        if not report.before:
            earliest = max(self._newest - _TOLERANCE, session_start + 1)
            for claim in report.activity:
                if claim[2] < earliest:
                    break
            else:  # the usual case
                return None
        return self._set_back(report, session_start, received)

    def _set_back(self, report: Report, session_start: int, received: int) -> int | None:
        """Claims of the latest upload may be repeated, if its response was lost."""
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
        """Records a report that was stored."""
        if report.activity or report.before:
            self._latest = report.activity, report.before
            for claim in report.activity:
                self._newest = max(self._newest, claim[2])
            for _record_id, at in report.before:
                self._newest = max(self._newest, at)


def _claims(activity: Sequence[ActivityClaim], before: Sequence[tuple[bytes, int]]) -> list[tuple[bytes, int]]:
    """Id and moment of each claim, including those from before the log-in, which can also prove a clock step."""
    return [*((claim.record_id, claim.at) for claim in activity), *before]
