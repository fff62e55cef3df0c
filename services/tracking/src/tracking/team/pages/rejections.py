"""The reasons why data from trackers was not counted, as the workspace explains them to admins."""

from tracking.ingest.rules import rows, upload_reader
from tracking.ingest.rules.records import Reason
from tracking.screenshots import rules as screenshots
from tracking.screenshots.imaging import protocol as imaging

_ROWS = {
    upload_reader.BEFORE_LOG_IN: "the time is from before the tracker's sign-in and may be another person's",
    rows.IMPOSSIBLE_DURATION: "the duration cannot be true",
    rows.NO_DURATION: "the duration is zero",
    rows.NO_OBJECT: "the tracker sent something that cannot be read",
    rows.UNKNOWN_KIND: "the tracker did not say whether the time was active or idle",
    rows.NO_TIME: "the time of day cannot be read",
    rows.IMPOSSIBLE_TIME: "the date cannot be true; check the clock of that computer",
    upload_reader.TOO_MANY: "the tracker sent too many at once",
    upload_reader.TOO_LONG: "more time was reported than had passed since the tracker's sign-in",
}
_SCREENSHOTS = {
    screenshots.OTHER_PERSONS_SESSION: "the session is another person's",
    screenshots.UNWANTED: "screenshots are switched off",
    screenshots.DELETED: "the session was deleted",
    screenshots.STORAGE_FULL: "the plan has no storage left",
    screenshots.MISPLACED[Reason.CLOCK_SKEW]: "the clock of that computer is more than a day off",
    screenshots.MISPLACED[Reason.IMPOSSIBLE_TIME]: "the date cannot be true; check the clock of that computer",
    screenshots.MISPLACED[Reason.IN_THE_FUTURE]: "the time is in the future; check the clock of that computer",
    screenshots.MISPLACED[Reason.BEFORE_ENROLMENT]: "it is from before the device was enrolled and may show another "
    "person's work",
    imaging.FORMAT: "the file is no PNG, JPEG or WebP",
    imaging.BROKEN: "the file is damaged",
    imaging.LARGE: "the picture has too many pixels",
    imaging.SEVERAL: "the file has several pictures in it",
    imaging.MORE: "the file has something else in it",
    imaging.SLOW: "the picture takes too long to open",
}


def explain_rejection(reason: str, count: int) -> str:
    """A sentence about `count` rows or screenshots that were quarantined for that reason."""
    thing = "screenshot" if reason in _SCREENSHOTS else "row"
    because = (_ROWS | _SCREENSHOTS).get(reason, reason)
    things = f"1 {thing} was" if count == 1 else f"{count:,} {thing}s were"
    return f"{things} rejected because {because}."
