"""Finding records of use by their time, without an index of it.

A record's id begins with the milliseconds of its end as the desktop's clock said (`domain.reports`), and the table's
key is (company, employee, id). So the records of a span are those whose ids lie in it, an hour more on either side, and
those that `OFF_THE_CLOCK` tells: their ids say another time, or none. Every statement that asks for a time reads both.
"""

OFF_THE_CLOCK = "(at - uuid_extract_timestamp(record_id) BETWEEN interval '-1 hour' AND interval '1 hour') IS NOT TRUE"
"""Of one `usage_record`, as in the index `usage_record_off_the_clock`."""


def on_the_clock(start: str, end: str) -> str:
    """The other records that may lie from `start` to before `end`, two expressions of timestamptz."""
    return (
        f"record_id >= first_record_id({start} - interval '1 hour') "
        f"AND record_id <= first_record_id({end} + interval '1 hour') AND NOT ({OFF_THE_CLOCK})"
    )
