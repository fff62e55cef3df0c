"""Conditions that find records of use by time without an index on the time.

The id of a tracker's record begins with the milliseconds of its end on the desktop's clock (see `upload_reader`), and
the table's key is (company, employee, id). So the records of a span are those with ids in it, extended by an hour on
both sides, and those that match `OFF_THE_CLOCK`, whose ids show another time or none. Every statement that selects by
time reads both.
"""

OFF_THE_CLOCK = """(
    uuid_extract_version(record_id) = 7
    AND at - uuid_extract_timestamp(record_id) BETWEEN interval '-1 hour' AND interval '1 hour'
) IS NOT TRUE"""
"""A condition on `usage_record`. It must be identical to that of the index `usage_record_off_the_clock`."""

LONG = "(seconds > 3600)"
"""A condition on `usage_record`. It must be identical to that of the index `usage_record_long`."""


def on_the_clock(start: str, end: str) -> str:
    """The condition for all other records from `start` to before `end`, two expressions of timestamptz."""
    return (
        f"record_id >= first_record_id({start} - interval '1 hour 1 second') "
        f"AND record_id <= first_record_id({end} + interval '1 hour 1 second') AND NOT ({OFF_THE_CLOCK})"
    )
