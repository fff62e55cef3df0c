"""The audit trail of owner actions; it begins with the first action after this migration."""

from alembic import op

revision = "0002"
down_revision = "0001"

AUDIT_ENTRY = """
CREATE TABLE audit_entry (
    revision bigint PRIMARY KEY,
    id uuid NOT NULL UNIQUE,
    at timestamptz NOT NULL,
    actor text NOT NULL CHECK (actor <> ''),
    action text NOT NULL,
    company_id uuid,
    reason text NOT NULL,
    request_id text NOT NULL,
    asked jsonb NOT NULL,
    outcome jsonb NOT NULL,
    previous bytea NOT NULL CHECK (octet_length(previous) = 32),
    hash bytea NOT NULL CHECK (octet_length(hash) = 32)
);
COMMENT ON TABLE audit_entry IS 'Owner actions, each sealed with the hash of the one before it';
CREATE INDEX audit_entry_company ON audit_entry (company_id, revision);
CREATE INDEX audit_entry_actor ON audit_entry (actor, revision);
CREATE INDEX audit_entry_action ON audit_entry (action, revision);
CREATE INDEX audit_entry_at ON audit_entry (at);
ALTER TABLE clock ADD COLUMN actions bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN clock.actions IS 'The revision of the newest audit entry: a trail that ends earlier was cut off';
GRANT SELECT, INSERT ON audit_entry TO billing_app;
GRANT UPDATE (actions) ON clock TO billing_app;
"""


def upgrade() -> None:
    op.execute(AUDIT_ENTRY)
