"""Unix time as integers, for code that counts and compares thousands of times a second."""

from datetime import UTC, datetime, timedelta

SECOND = 1_000_000  # microseconds
_EPOCH, _MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)


def microsecond_of(moment: datetime) -> int:
    """The moment in microseconds since 1970."""
    return (moment - _EPOCH) // _MICROSECOND


def microseconds(duration: timedelta) -> int:
    """The duration in microseconds."""
    return duration // _MICROSECOND


def moment_of(microsecond: int) -> datetime:
    """The moment, in UTC."""
    return _EPOCH + microsecond * _MICROSECOND


def second_of(moment: datetime) -> int:
    """The second in which a tick at that moment ends."""
    return microsecond_of(moment) // SECOND
