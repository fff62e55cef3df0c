"""What devices report is kept by the hour in UTC, where it was by the company's day.

A fold read and wrote a device's whole day each time, so it cost more the longer the day was. The seconds are moved, and
nothing of the old table is dropped before as many have arrived as there were.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from alembic import op
from sqlalchemy import text

revision = "0013"
down_revision = "0012"

TABLE = """
CREATE TABLE device_hour (
    company_id uuid NOT NULL,
    employee_id uuid NOT NULL,
    hour integer NOT NULL, -- since 1970 in UTC
    device_id uuid NOT NULL,
    active int4multirange NOT NULL, -- seconds of the hour
    idle int4multirange NOT NULL,
    deleted int4multirange NOT NULL DEFAULT '{}', -- nobody's time, whether the device has reported it or may
    PRIMARY KEY (company_id, employee_id, hour, device_id),
    FOREIGN KEY (company_id, employee_id) REFERENCES employee,
    FOREIGN KEY (company_id, device_id) REFERENCES device,
    CHECK (NOT active && idle),
    CHECK (active + idle + deleted <@ int4range(0, 3600))
) WITH (fillfactor = 70); -- an hour is written again with each report: the next version goes to the same page

-- Some zones have had days of 27 hours, and a zone may repeat a day.
ALTER TABLE employee_day DROP CONSTRAINT employee_day_check,
    ADD CONSTRAINT employee_day_check CHECK (active_seconds + idle_seconds <= 2 * 86400);
"""

# Forced row-level security shows the owner no row.
OPEN = "ALTER TABLE {} NO FORCE ROW LEVEL SECURITY"
CLOSE = "ALTER TABLE {} FORCE ROW LEVEL SECURITY"

MIDNIGHTS = "CREATE TEMPORARY TABLE midnight (time_zone text, day date, second bigint) ON COMMIT DROP"
DAYS = "SELECT DISTINCT c.time_zone, d.day FROM device_day d JOIN company c USING (company_id)"

# Where midnight lies within an hour, two days have a part of it.
MOVE = """
INSERT INTO device_hour (company_id, employee_id, hour, device_id, active, idle, deleted)
SELECT company_id, employee_id, hour, device_id,
    coalesce(range_agg(seconds) FILTER (WHERE kind = 'active'), '{}'),
    coalesce(range_agg(seconds) FILTER (WHERE kind = 'idle'), '{}'),
    coalesce(range_agg(seconds) FILTER (WHERE kind = 'deleted'), '{}')
FROM (
    SELECT d.company_id, d.employee_id, d.device_id, kind, hour,
        int4range(CAST(greatest(first - hour * 3600, 0) AS integer), CAST(least(last - hour * 3600, 3600) AS integer))
            AS seconds
    FROM device_day d JOIN company c USING (company_id)
    JOIN midnight m ON m.time_zone = c.time_zone AND m.day = d.day,
    LATERAL (
        SELECT 'active' AS kind, unnest(d.active) AS span
        UNION ALL SELECT 'idle', unnest(d.idle)
        UNION ALL SELECT 'deleted', unnest(d.deleted)
    ) AS found,
    LATERAL (SELECT m.second + lower(span) AS first, m.second + upper(span) AS last) AS moments,
    LATERAL generate_series(first / 3600, (last - 1) / 3600) AS hour
) AS pieces
GROUP BY company_id, employee_id, hour, device_id
"""

SECONDS = """
SELECT company_id, employee_id, device_id,
    sum((SELECT coalesce(sum(upper(r) - lower(r)), 0) FROM unnest(active) r)) AS active,
    sum((SELECT coalesce(sum(upper(r) - lower(r)), 0) FROM unnest(idle) r)) AS idle,
    sum((SELECT coalesce(sum(upper(r) - lower(r)), 0) FROM unnest(deleted) r)) AS deleted
FROM {} GROUP BY company_id, employee_id, device_id
HAVING bool_or(active + idle + deleted <> '{{}}')
"""
LOST = f"""
SELECT DISTINCT CAST(device_id AS text) FROM (
    ({SECONDS.format("device_day")} EXCEPT {SECONDS.format("device_hour")})
    UNION ALL ({SECONDS.format("device_hour")} EXCEPT {SECONDS.format("device_day")})
) AS differences
"""

# The cast after the sub-select makes the list one value, read once, where ANY would take it for a list of rows.
ISOLATION = """
ALTER TABLE device_hour ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own_company ON device_hour TO tracking_app
    USING (company_id = (SELECT nullif(current_setting('app.company_id', true), '')::uuid))
    WITH CHECK (company_id = (SELECT nullif(current_setting('app.company_id', true), '')::uuid));
CREATE POLICY named_companies ON device_hour TO tracking_fold
    USING (company_id = ANY ((SELECT nullif(current_setting('app.company_ids', true), '')::uuid[])::uuid[]));
GRANT SELECT, INSERT, UPDATE ON device_hour TO tracking_app, tracking_fold;
"""


def upgrade() -> None:
    op.execute(TABLE)
    for table in ("company", "device_day"):
        op.execute(OPEN.format(table))
    connection = op.get_bind()
    op.execute(MIDNIGHTS)
    midnights = [
        {
            "time_zone": zone,
            "day": day,
            "second": int(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).timestamp()),
        }
        for zone, day in connection.execute(text(DAYS))
    ]
    if midnights:
        connection.execute(text("INSERT INTO midnight VALUES (:time_zone, :day, :second)"), midnights)
    op.execute(MOVE)
    differing = connection.execute(text(LOST)).scalars().all()
    if differing:  # days overlap: the rules of their time zone have changed since they were counted
        raise RuntimeError(
            f"{len(differing)} devices would have more or fewer seconds by the hour than by the day, and nothing is "
            f"changed. Correct device_day by hand, so that no second is in two days: {', '.join(differing[:20])}"
        )
    op.execute("DROP TABLE device_day")
    op.execute(CLOSE.format("company"))
    op.execute(ISOLATION)
