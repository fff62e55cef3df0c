"""Finding records of use by their time, without an index of it.

The id of a tracker's record begins with the milliseconds of its end as the desktop's clock said (`domain.reports`), and
the table's key is (company, employee, id). So the records of a span are those whose ids lie in it, an hour more on
either side, and those that `OFF_THE_CLOCK` tells: their ids say another time, or none, as agents' may. Every statement
that asks for a time reads both.
"""

OFF_THE_CLOCK = """(
    uuid_extract_version(record_id) = 7
    AND at - uuid_extract_timestamp(record_id) BETWEEN interval '-1 hour' AND interval '1 hour'
) IS NOT TRUE"""
"""Of one `usage_record`; word for word as in the index `usage_record_off_the_clock`, or that would not be used."""

LONG = "(seconds > 3600)"
"""Of one `usage_record`; word for word as in the index `usage_record_long`."""


def on_the_clock(start: str, end: str) -> str:
    """The other records that may lie from `start` to before `end`, two expressions of timestamptz."""
    return (
        f"record_id >= first_record_id({start} - interval '1 hour 1 second') "
        f"AND record_id <= first_record_id({end} + interval '1 hour 1 second') AND NOT ({OFF_THE_CLOCK})"
    )
