from alembic import op

revision = "0001"
down_revision = None

OWNERS = """
CREATE TABLE owner (
    id uuid PRIMARY KEY,
    email text NOT NULL UNIQUE,
    password_hash text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE owner_session (
    digest bytea PRIMARY KEY,
    owner_id uuid NOT NULL REFERENCES owner ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    last_seen_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX owner_session_owner ON owner_session (owner_id);
CREATE TABLE sign_in_attempt (
    subject text PRIMARY KEY,
    attempts integer NOT NULL,
    since timestamptz NOT NULL
);
"""

READ_MODEL = """
CREATE TABLE source (
    name text PRIMARY KEY,
    revision bigint NOT NULL DEFAULT 0,
    moment timestamptz,
    confirmed_at timestamptz
);
INSERT INTO source (name) VALUES ('companies'), ('sync_times'), ('subscriptions'), ('usage');

-- day_zone is time_zone when this PostgreSQL knows it, else UTC: one unknown name must not fail every page.
CREATE TABLE company (
    company_id uuid PRIMARY KEY,
    name text NOT NULL,
    email text NOT NULL,
    contact_person text NOT NULL,
    phone text NOT NULL,
    address text NOT NULL,
    time_zone text NOT NULL,
    day_zone text NOT NULL,
    suspended boolean NOT NULL,
    key_hint text NOT NULL,
    created_at timestamptz NOT NULL,
    revision bigint NOT NULL
);

-- No foreign keys: the three sources are followed apart, and any of them may know a company first.
CREATE TABLE subscription (
    company_id uuid PRIMARY KEY,
    plan_code text NOT NULL,
    state text NOT NULL,
    started_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    price_minor_units bigint NOT NULL,
    currency text NOT NULL,
    seats bigint NOT NULL,
    storage_bytes bigint NOT NULL,
    screenshot_retention_days bigint NOT NULL,
    revision bigint NOT NULL
);
CREATE TABLE company_sync (
    company_id uuid PRIMARY KEY,
    last_sync_at timestamptz NOT NULL
) WITH (fillfactor = 70); -- rewritten all day long: room for updates in place

CREATE TABLE company_day (
    company_id uuid NOT NULL,
    day date NOT NULL,
    revision bigint NOT NULL,
    active_seconds bigint NOT NULL,
    idle_seconds bigint NOT NULL,
    employees_active bigint NOT NULL,
    sessions bigint NOT NULL,
    screenshots bigint NOT NULL,
    storage_bytes bigint NOT NULL,
    seats_used bigint NOT NULL,
    PRIMARY KEY (company_id, day)
);
CREATE INDEX company_day_day ON company_day (day);
"""

# One row a company as the owner sees it. Levels are those of its latest day.
DIRECTORY = """
CREATE VIEW directory AS
SELECT c.company_id, c.name, c.email, c.contact_person, c.phone, c.address, c.time_zone, c.key_hint, c.created_at,
       c.suspended, s.plan_code, s.started_at, s.expires_at, s.price_minor_units, s.currency,
       s.seats AS seats_limit, s.storage_bytes AS storage_limit, s.screenshot_retention_days,
       level.seats_used, level.storage_bytes AS storage_used, y.last_sync_at,
       (now() AT TIME ZONE c.day_zone)::date AS today,
       CASE WHEN c.suspended THEN 'SUSPENDED'
            WHEN s.company_id IS NULL THEN 'PENDING'
            WHEN s.state IN ('TRIAL', 'ACTIVE', 'PAST_DUE') AND s.expires_at <= now() THEN 'EXPIRED'
            ELSE s.state
       END AS status
FROM company c
LEFT JOIN subscription s USING (company_id)
LEFT JOIN company_sync y USING (company_id)
LEFT JOIN LATERAL (
    SELECT d.seats_used, d.storage_bytes FROM company_day d
    WHERE d.company_id = c.company_id ORDER BY d.day DESC LIMIT 1
) level ON true;
"""

GRANTS = """
GRANT SELECT, INSERT, UPDATE ON owner TO portal_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON owner_session, sign_in_attempt TO portal_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON company, subscription TO portal_app;
GRANT SELECT, INSERT, UPDATE ON company_sync TO portal_app;
GRANT SELECT, UPDATE ON source TO portal_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON company_day TO portal_app;
GRANT SELECT ON directory TO portal_app;
"""


def upgrade() -> None:
    for statements in (OWNERS, READ_MODEL, DIRECTORY, GRANTS):
        op.execute(statements)
