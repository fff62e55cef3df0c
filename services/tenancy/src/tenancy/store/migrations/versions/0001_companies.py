"""Companies, their keys, their signs of life, the clock, the audit trail and the outbox."""

from alembic import op

from servicekit import outbox

revision = "0001"
down_revision = None

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
    state text NOT NULL CHECK (state IN ('active', 'suspended')),
    created_at timestamptz NOT NULL,
    revision bigint NOT NULL UNIQUE
)
"""

COMPANY_KEY = """
CREATE TABLE company_key (
    digest bytea PRIMARY KEY CHECK (octet_length(digest) = 32),
    company_id uuid NOT NULL REFERENCES company,
    hint text NOT NULL,
    created_at timestamptz NOT NULL,
    revoked_at timestamptz
);
CREATE INDEX company_key_live ON company_key (company_id) WHERE revoked_at IS NULL
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
    before jsonb,
    after jsonb NOT NULL,
    hash bytea NOT NULL CHECK (octet_length(hash) = 32)
)
"""

GRANTS = """
GRANT SELECT, INSERT, UPDATE (state, revision) ON company TO tenancy_app;
GRANT SELECT, INSERT, UPDATE (revoked_at) ON company_key TO tenancy_app;
GRANT SELECT, INSERT, UPDATE (last_sync_at, updated_at) ON company_sync TO tenancy_app;
GRANT SELECT, UPDATE (revision) ON clock TO tenancy_app;
GRANT SELECT, INSERT ON audit_entry TO tenancy_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON outbox TO tenancy_app
"""


def upgrade() -> None:
    for statement in (COMPANY, COMPANY_KEY, COMPANY_SYNC, CLOCK, AUDIT_ENTRY, outbox.TABLE, GRANTS):
        op.execute(statement)
