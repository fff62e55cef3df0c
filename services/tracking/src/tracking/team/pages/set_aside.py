"""The reasons why data from trackers was not counted, as the workspace explains them to admins."""

from tracking.ingest.rules import rows
from tracking.ingest.rules import upload_reader as reports
from tracking.ingest.rules.records import Reason
from tracking.screenshots import rules as captures
from tracking.screenshots.imaging import protocol as unfit

_ROWS = {
    reports.ANOTHERS: "the time is from before the tracker's sign-in and may be another person's",
    rows.IMPOSSIBLE_DURATION: "the duration cannot be true",
    rows.NO_DURATION: "the duration is zero",
    rows.NO_OBJECT: "the tracker sent something that cannot be read",
    rows.UNKNOWN_KIND: "the tracker did not say whether the time was active or idle",
    rows.NO_TIME: "the time of day cannot be read",
    rows.IMPOSSIBLE_TIME: "the date cannot be true; check the clock of that computer",
    reports.TOO_MANY: "the tracker sent too many at once",
    reports.TOO_LONG: "more time was reported than had passed since the tracker's sign-in",
}
_SCREENSHOTS = {
    captures.ANOTHERS: "the session is another person's",
    captures.UNWANTED: "screenshots are switched off",
    captures.DELETED: "the session was deleted",
    captures.NO_ROOM: "the plan has no storage left",
    captures.MISPLACED[Reason.CLOCK_SKEW]: "the clock of that computer is more than a day off",
    captures.MISPLACED[Reason.IMPOSSIBLE_TIME]: "the date cannot be true; check the clock of that computer",
    captures.MISPLACED[Reason.IN_THE_FUTURE]: "the time is in the future; check the clock of that computer",
    captures.MISPLACED[Reason.BEFORE_ENROLMENT]: "it is from before the device was enrolled and may show another "
    "person's work",
    unfit.FORMAT: "the file is no PNG, JPEG or WebP",
    unfit.BROKEN: "the file is damaged",
    unfit.LARGE: "the picture has too many pixels",
    unfit.SEVERAL: "the file has several pictures in it",
    unfit.MORE: "the file has something else in it",
    unfit.SLOW: "the picture takes too long to open",
}


def why_set_aside(reason: str, count: int) -> str:
    """A sentence about `count` rows or screenshots that were quarantined for that reason."""
    thing = "screenshot" if reason in _SCREENSHOTS else "row"
    because = (_ROWS | _SCREENSHOTS).get(reason, reason)
    things = f"1 {thing} was" if count == 1 else f"{count:,} {thing}s were"
    return f"{things} rejected because {because}."
