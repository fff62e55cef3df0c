"""Several owners: invitations, a second factor, sessions that can be told apart, and what owners did."""

from alembic import op

revision = "0003"
down_revision = "0001"

# A deactivated account stays: the audit trail names it, and an invitation lets it in again.
OWNER = """
ALTER TABLE owner ADD COLUMN deactivated_at timestamptz;

CREATE TABLE second_factor (
    owner_id uuid PRIMARY KEY REFERENCES owner ON DELETE CASCADE,
    secret bytea NOT NULL,
    confirmed_at timestamptz,
    last_step bigint NOT NULL DEFAULT 0
);
COMMENT ON TABLE second_factor IS 'Offered until confirmed_at; no code of last_step or before is taken again';
COMMENT ON COLUMN second_factor.secret IS 'AES-256-GCM under PORTAL_SECRET_KEY, bound to the owner';

CREATE TABLE recovery_code (
    owner_id uuid NOT NULL REFERENCES owner ON DELETE CASCADE,
    digest bytea NOT NULL,
    PRIMARY KEY (owner_id, digest)
);
COMMENT ON TABLE recovery_code IS 'SHA-256 of each code that has not been used; one that was is deleted';

CREATE TABLE invitation (
    id uuid PRIMARY KEY,
    digest bytea NOT NULL UNIQUE,
    email text NOT NULL UNIQUE,
    invited_by text NOT NULL,
    expires_at timestamptz NOT NULL
);
COMMENT ON TABLE invitation IS 'By the digest of the token in its link; deleted when it is taken or withdrawn';
"""

SESSIONS = """
DELETE FROM owner_session;
ALTER TABLE owner_session
    ADD COLUMN id uuid NOT NULL UNIQUE,
    ADD COLUMN address text NOT NULL,
    ADD COLUMN device text NOT NULL,
    ADD COLUMN proved_at timestamptz NOT NULL DEFAULT now();
COMMENT ON COLUMN owner_session.proved_at IS 'When its owner last showed who it is';

CREATE TABLE sign_in_challenge (
    digest bytea PRIMARY KEY,
    owner_id uuid NOT NULL REFERENCES owner ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE sign_in_challenge IS 'The password was right, the code is still to come';
"""

AUDIT = """
CREATE TABLE portal_action_clock (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    revision bigint NOT NULL DEFAULT 0
);
INSERT INTO portal_action_clock DEFAULT VALUES;

CREATE TABLE portal_action (
    revision bigint PRIMARY KEY,
    id uuid NOT NULL,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    subject text NOT NULL,
    reason text NOT NULL,
    request_id text NOT NULL,
    facts jsonb NOT NULL,
    previous bytea NOT NULL,
    hash bytea NOT NULL
);
CREATE INDEX portal_action_actor ON portal_action (actor, revision);
CREATE INDEX portal_action_subject ON portal_action (subject, revision);
"""

GRANTS = """
GRANT SELECT, INSERT, UPDATE, DELETE ON second_factor TO portal_app;
GRANT SELECT, INSERT, DELETE ON recovery_code, sign_in_challenge TO portal_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON invitation TO portal_app;
GRANT SELECT, UPDATE ON portal_action_clock TO portal_app;
GRANT SELECT, INSERT ON portal_action TO portal_app;
"""


def upgrade() -> None:
    for statements in (OWNER, SESSIONS, AUDIT, GRANTS):
        op.execute(statements)
