"""Employees, devices, sessions, raw records, totals and the outbox, each under forced row-level security."""

from alembic import op

revision = "0001"
down_revision = None

TABLES = """
CREATE TABLE company (
    company_id uuid PRIMARY KEY,
    number bigint GENERATED ALWAYS AS IDENTITY,
    time_zone text NOT NULL,
    feed_revision bigint NOT NULL DEFAULT 0,
    storage_bytes bigint NOT NULL DEFAULT 0,
    UNIQUE (company_id, number)
);

CREATE TABLE employee (
    company_id uuid NOT NULL REFERENCES company,
    employee_id uuid NOT NULL,
    number bigint GENERATED ALWAYS AS IDENTITY,
    name text NOT NULL,
    email text NOT NULL,
    email_digest bytea NOT NULL, -- SHA-256 of the e-mail in lower case: all that the dispatch role may see
    role text NOT NULL CHECK (role IN ('ADMIN', 'EMPLOYEE')),
    password_hash text NOT NULL,
    active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (company_id, employee_id),
    UNIQUE (company_id, number),
    UNIQUE (company_id, email_digest)
);
CREATE INDEX employee_email_digest ON employee (email_digest);

-- One log-in of a tracker. The token is stored as a digest and dies with the account or its password.
CREATE TABLE device (
    company_id uuid NOT NULL,
    device_id uuid NOT NULL,
    employee_id uuid NOT NULL,
    token_digest bytea NOT NULL,
    logged_in_at timestamptz NOT NULL,
    clock_offset interval NOT NULL DEFAULT '0', -- how far the desktop's clock is behind ours
    key_digest bytea, -- of the company key it used last
    last_seen_at timestamptz,
    revoked_at timestamptz,
    PRIMARY KEY (company_id, device_id),
    UNIQUE (company_id, token_digest),
    FOREIGN KEY (company_id, employee_id) REFERENCES employee
);
CREATE INDEX device_by_key ON device (company_id, key_digest, last_seen_at) WHERE revoked_at IS NULL;
CREATE INDEX device_of_employee ON device (company_id, employee_id) WHERE revoked_at IS NULL;

-- When a company key was used last; how many devices use it stands with the devices.
CREATE TABLE key_use (
    company_id uuid NOT NULL REFERENCES company,
    key_digest bytea NOT NULL,
    last_used_at timestamptz NOT NULL,
    PRIMARY KEY (company_id, key_digest)
);

CREATE TABLE work_session (
    company_id uuid NOT NULL,
    session_id uuid NOT NULL,
    number bigint GENERATED ALWAYS AS IDENTITY,
    employee_id uuid NOT NULL,
    device_id uuid,
    started_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    ended_at timestamptz,
    ended_by text CHECK (ended_by IN ('TRACKER', 'SILENCE')),
    PRIMARY KEY (company_id, session_id),
    UNIQUE (company_id, number),
    FOREIGN KEY (company_id, employee_id) REFERENCES employee,
    FOREIGN KEY (company_id, device_id) REFERENCES device
);
CREATE INDEX work_session_of_employee ON work_session (company_id, employee_id, started_at);
CREATE INDEX work_session_open ON work_session (company_id, last_seen_at) WHERE ended_at IS NULL;

-- The lean raw table of applications (a) and websites (w): one row a stretch of use.
CREATE TABLE usage_record (
    company_id uuid NOT NULL,
    record_id uuid NOT NULL,
    employee_id uuid NOT NULL,
    kind text NOT NULL,
    at timestamptz NOT NULL,
    seconds integer NOT NULL,
    name text NOT NULL,
    detail text NOT NULL,
    PRIMARY KEY (company_id, record_id),
    FOREIGN KEY (company_id, employee_id) REFERENCES employee
);
CREATE INDEX usage_record_of_employee ON usage_record (company_id, employee_id, at);

-- What waits to be folded: claims of (A)ctive and (I)dle time, which are raw data and work item in one until they move
-- to activity, starts of (S)essions, and calls to publish the company's (L)evels anew.
CREATE TABLE fold_queue (
    company_id uuid NOT NULL REFERENCES company,
    entry_id bigint GENERATED ALWAYS AS IDENTITY,
    upload_id uuid,
    record_id uuid,
    employee_id uuid,
    device_id uuid,
    kind text NOT NULL,
    at timestamptz NOT NULL,
    seconds integer NOT NULL DEFAULT 0,
    PRIMARY KEY (company_id, entry_id),
    FOREIGN KEY (company_id, employee_id) REFERENCES employee
);

-- Claims that were folded, in the order in which they were: revision, then entry.
CREATE TABLE activity (
    company_id uuid NOT NULL,
    record_id uuid NOT NULL,
    upload_id uuid NOT NULL,
    employee_id uuid NOT NULL,
    device_id uuid NOT NULL,
    kind text NOT NULL,
    at timestamptz NOT NULL,
    seconds integer NOT NULL,
    entry_id bigint NOT NULL,
    revision bigint NOT NULL,
    PRIMARY KEY (company_id, record_id),
    FOREIGN KEY (company_id, employee_id) REFERENCES employee,
    FOREIGN KEY (company_id, device_id) REFERENCES device
);
CREATE INDEX activity_in_fold_order ON activity (company_id, employee_id, revision, entry_id);

CREATE TABLE quarantine (
    company_id uuid NOT NULL,
    record_id uuid NOT NULL,
    employee_id uuid NOT NULL,
    reason text NOT NULL,
    payload text NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (company_id, record_id),
    FOREIGN KEY (company_id, employee_id) REFERENCES employee
);

-- The kept state of folding: seconds of the company's day, from its midnight, that one device reported.
CREATE TABLE device_day (
    company_id uuid NOT NULL,
    employee_id uuid NOT NULL,
    day date NOT NULL,
    device_id uuid NOT NULL,
    active int4multirange NOT NULL,
    idle int4multirange NOT NULL,
    PRIMARY KEY (company_id, employee_id, day, device_id),
    FOREIGN KEY (company_id, employee_id) REFERENCES employee,
    FOREIGN KEY (company_id, device_id) REFERENCES device,
    CHECK (NOT active && idle),
    CHECK (active + idle <@ int4range(0, 90000)) -- the longest day has 25 hours
);

CREATE TABLE employee_day (
    company_id uuid NOT NULL,
    employee_id uuid NOT NULL,
    day date NOT NULL,
    active_seconds integer NOT NULL DEFAULT 0,
    idle_seconds integer NOT NULL DEFAULT 0,
    sessions integer NOT NULL DEFAULT 0,
    PRIMARY KEY (company_id, employee_id, day),
    FOREIGN KEY (company_id, employee_id) REFERENCES employee,
    CHECK (active_seconds + idle_seconds <= 90000)
);

CREATE TABLE company_day (
    company_id uuid NOT NULL REFERENCES company,
    day date NOT NULL,
    revision bigint NOT NULL,
    active_seconds bigint NOT NULL,
    idle_seconds bigint NOT NULL,
    employees_active integer NOT NULL,
    sessions integer NOT NULL,
    screenshots integer NOT NULL DEFAULT 0,
    storage_bytes bigint NOT NULL,
    seats_used integer NOT NULL,
    PRIMARY KEY (company_id, day)
);

CREATE TABLE workspace_session (
    company_id uuid NOT NULL,
    token_digest bytea NOT NULL,
    employee_id uuid NOT NULL,
    csrf_token text NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (company_id, token_digest),
    FOREIGN KEY (company_id, employee_id) REFERENCES employee
);

-- servicekit's outbox, with the company of the transaction that appends.
CREATE TABLE outbox (
    id uuid PRIMARY KEY,
    company_id uuid NOT NULL DEFAULT nullif(current_setting('app.company_id', true), '')::uuid,
    subject text NOT NULL,
    event_type text NOT NULL,
    payload bytea NOT NULL,
    revision bigint,
    traceparent text,
    occurred_at timestamptz NOT NULL DEFAULT now(),
    claimed_until timestamptz NOT NULL DEFAULT '-infinity'
);
CREATE UNIQUE INDEX outbox_compacted ON outbox (subject) WHERE revision IS NOT NULL;
CREATE INDEX outbox_claim ON outbox (claimed_until);
"""

# tracking_app reads and writes the rows of the company its transaction is about, and sees none without one.
ISOLATION = """
DO $$
DECLARE name text;
BEGIN
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
        EXECUTE format(
            'CREATE POLICY own_company ON %I TO tracking_app USING (company_id = (SELECT nullif(current_setting('
            '''app.company_id'', true), '''')::uuid)) WITH CHECK (company_id = (SELECT nullif(current_setting('
            '''app.company_id'', true), '''')::uuid))', name);
    END LOOP;
END $$;
"""

GRANTS = """
REVOKE ALL ON alembic_version FROM PUBLIC;

GRANT SELECT, INSERT, UPDATE ON company, employee, device, key_use, work_session, device_day, employee_day, company_day,
    outbox TO tracking_app;
GRANT SELECT, INSERT, DELETE ON fold_queue, workspace_session TO tracking_app;
GRANT SELECT, INSERT ON activity TO tracking_app;
GRANT SELECT ON usage_record, quarantine TO tracking_app;

-- The ingest writer commits uploads of many companies at once: it may add raw rows and read nothing but their keys.
GRANT INSERT ON usage_record, fold_queue, quarantine TO tracking_ingest;
GRANT SELECT (company_id, record_id) ON usage_record, quarantine TO tracking_ingest;

-- The dispatcher learns which company has work, silent sessions or an account, never what or whose.
GRANT SELECT (company_id, entry_id) ON fold_queue TO tracking_dispatch;
GRANT SELECT (company_id, email_digest) ON employee TO tracking_dispatch;
GRANT SELECT, UPDATE, DELETE ON outbox TO tracking_dispatch;
GRANT SELECT (company_id, last_seen_at, ended_at) ON work_session TO tracking_dispatch;
CREATE POLICY dispatch ON work_session FOR SELECT TO tracking_dispatch USING (true);
CREATE POLICY dispatch ON fold_queue FOR SELECT TO tracking_dispatch USING (true);
CREATE POLICY dispatch ON employee FOR SELECT TO tracking_dispatch USING (true);
CREATE POLICY dispatch ON outbox TO tracking_dispatch USING (true);
"""


def upgrade() -> None:
    for statements in (TABLES, ISOLATION, GRANTS):
        op.execute(statements)
