"""SQL expressions for the end of a session in the table `work_session w`.

Each record of a device is a heartbeat of its session, whenever it arrives and under whichever session's id, until the
same device begins its next session. These expressions read it from the stored hours, so nothing is written when it
arrives.
"""

NEXT_START = """
    (SELECT n.started_at FROM work_session n
     WHERE n.company_id = w.company_id AND n.employee_id = w.employee_id AND n.device_id = w.device_id
       AND (n.started_at, n.begun) > (w.started_at, w.begun)
     ORDER BY n.started_at LIMIT 1)
"""
"""When the same device began its next session; `begun` orders sessions that start at one moment."""

_FIRST = "CAST(floor(extract(epoch FROM w.started_at)) AS bigint)"

RECORDED_UNTIL = f"""
    (SELECT to_timestamp(d.hour * 3600::bigint + upper((d.active + d.idle) * d.within))
     FROM (
        SELECT h.*, int4multirange(int4range(
            CAST(greatest({_FIRST} - h.hour * 3600::bigint, 0) AS integer),
            CAST(least(b.bound - h.hour * 3600::bigint, 3600) AS integer)
        )) AS within
        FROM (SELECT CAST(floor(extract(epoch FROM {NEXT_START})) AS bigint) AS bound) b
        JOIN device_hour h ON h.company_id = w.company_id AND h.employee_id = w.employee_id
            AND h.device_id = w.device_id
            AND h.hour >= {_FIRST} / 3600 AND (b.bound IS NULL OR h.hour <= (b.bound - 1) / 3600)
        WHERE b.bound IS NULL OR b.bound > {_FIRST}
     ) d
     WHERE (d.active + d.idle) && d.within
     ORDER BY d.hour DESC LIMIT 1)
"""
"""The end of the last second that the device recorded within the session; NULL: none."""

UNTIL = f"""
    CASE WHEN w.ended_by = 'TRACKER' THEN w.ended_at
    ELSE greatest(coalesce(w.ended_at, w.last_seen_at), {RECORDED_UNTIL}) END
"""
"""Its end if its tracker ended it, otherwise its last heartbeat."""
