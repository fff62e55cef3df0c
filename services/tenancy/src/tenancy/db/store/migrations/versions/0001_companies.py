"""Companies, their keys, policies, logos and latest calls; the clock, the audit trail, kept answers, the outbox."""

from alembic import op

from servicekit import outbox

revision = "0001"
down_revision = None

# Trusted: the owner of the database may add it.
TRIGRAMS = "CREATE EXTENSION pg_trgm"

COMPANY = """
CREATE TABLE company (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    name_key text NOT NULL CONSTRAINT company_name_unique UNIQUE,
    email text NOT NULL,
    contact_person text NOT NULL,
    phone text NOT NULL,
    address text NOT NULL,
    time_zone text NOT NULL,
    search_text text NOT NULL,
    state text NOT NULL CHECK (state IN ('active', 'suspended', 'closed')),
    created_at timestamptz NOT NULL,
    revision bigint NOT NULL UNIQUE
);
CREATE INDEX company_created ON company (created_at, id);
CREATE INDEX company_search ON company USING gin (search_text gin_trgm_ops)
"""

COMPANY_LOGO = """
CREATE TABLE company_logo (
    company_id uuid PRIMARY KEY REFERENCES company,
    content bytea NOT NULL CHECK (octet_length(content) <= 262144),
    media_type text NOT NULL,
    digest text NOT NULL
)
"""

TRACKING_POLICY = """
CREATE TABLE tracking_policy (
    company_id uuid PRIMARY KEY REFERENCES company,
    screenshots_enabled boolean NOT NULL,
    screenshot_interval_seconds integer NOT NULL CHECK (screenshot_interval_seconds >= 30),
    website_tracking_enabled boolean NOT NULL,
    app_tracking_enabled boolean NOT NULL,
    idle_detection_enabled boolean NOT NULL,
    idle_threshold_seconds integer NOT NULL CHECK (idle_threshold_seconds >= 30),
    version bigint NOT NULL CHECK (version > 0)
)
"""

# A key opens until valid_until; without one it opens until further notice.
COMPANY_KEY = """
CREATE TABLE company_key (
    id uuid PRIMARY KEY,
    company_id uuid NOT NULL REFERENCES company,
    hint text NOT NULL,
    created_at timestamptz NOT NULL,
    valid_until timestamptz
);
CREATE INDEX company_key_newest ON company_key (company_id, created_at);
CREATE TABLE key_digest (
    digest bytea PRIMARY KEY CHECK (octet_length(digest) = 32),
    key_id uuid NOT NULL REFERENCES company_key,
    pepper_id text NOT NULL,
    added_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (key_id, pepper_id)
);
CREATE TABLE key_use (
    key_id uuid PRIMARY KEY REFERENCES company_key,
    last_used_at timestamptz NOT NULL,
    devices integer NOT NULL CHECK (devices >= 0),
    counted_at timestamptz NOT NULL
) WITH (fillfactor = 50)
"""

# Rewritten every few seconds: no index but the key and room in each page, so that an update stays within its page.
COMPANY_SYNC = """
CREATE TABLE company_sync (
    company_id uuid PRIMARY KEY REFERENCES company,
    last_sync_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
) WITH (fillfactor = 50)
"""

CLOCK = """
CREATE TABLE clock (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    revision bigint NOT NULL
);
INSERT INTO clock (revision) VALUES (0)
"""

AUDIT_ENTRY = """
CREATE TABLE audit_entry (
    revision bigint PRIMARY KEY,
    id uuid NOT NULL UNIQUE,
    at timestamptz NOT NULL,
    actor text NOT NULL CHECK (actor <> ''),
    action text NOT NULL,
    company_id uuid NOT NULL REFERENCES company,
    reason text NOT NULL,
    request_id text NOT NULL,
    before jsonb,
    after jsonb NOT NULL,
    previous bytea NOT NULL CHECK (octet_length(previous) = 32),
    hash bytea NOT NULL CHECK (octet_length(hash) = 32)
);
CREATE INDEX audit_entry_company ON audit_entry (company_id, revision);
CREATE INDEX audit_entry_actor ON audit_entry (actor, revision);
CREATE INDEX audit_entry_action ON audit_entry (action, revision);
CREATE INDEX audit_entry_at ON audit_entry (at)
"""

KEPT_ANSWER = """
CREATE TABLE kept_answer (
    key text PRIMARY KEY,
    fingerprint bytea NOT NULL CHECK (octet_length(fingerprint) = 32),
    answer jsonb NOT NULL,
    kept_until timestamptz NOT NULL
);
CREATE INDEX kept_answer_until ON kept_answer (kept_until)
"""

GRANTS = """
GRANT SELECT, INSERT,
    UPDATE (name, name_key, email, contact_person, phone, address, time_zone, search_text, state, revision)
    ON company TO tenancy_app;
GRANT SELECT, INSERT, UPDATE (content, media_type, digest), DELETE ON company_logo TO tenancy_app;
GRANT SELECT, INSERT,
    UPDATE (screenshots_enabled, screenshot_interval_seconds, website_tracking_enabled, app_tracking_enabled,
        idle_detection_enabled, idle_threshold_seconds, version)
    ON tracking_policy TO tenancy_app;
GRANT SELECT, INSERT, UPDATE (valid_until) ON company_key TO tenancy_app;
GRANT SELECT, INSERT ON key_digest TO tenancy_app;
GRANT SELECT, INSERT, UPDATE (last_used_at, devices, counted_at) ON key_use TO tenancy_app;
GRANT SELECT, INSERT, UPDATE (last_sync_at, updated_at) ON company_sync TO tenancy_app;
GRANT SELECT, UPDATE (revision) ON clock TO tenancy_app;
GRANT SELECT, INSERT ON audit_entry TO tenancy_app;
GRANT SELECT, INSERT, DELETE ON kept_answer TO tenancy_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON outbox TO tenancy_app
"""

TABLES = (
    TRIGRAMS,
    COMPANY,
    COMPANY_LOGO,
    TRACKING_POLICY,
    COMPANY_KEY,
    COMPANY_SYNC,
    CLOCK,
    AUDIT_ENTRY,
    KEPT_ANSWER,
    outbox.TABLE,
)


def upgrade() -> None:
    for statement in (*TABLES, GRANTS):
        op.execute(statement)
