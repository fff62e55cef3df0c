"""The last answers of tenancy and billing, for when they do not answer, and what was found of the audit trails."""

from alembic import op

revision = "0004"
down_revision = "0003"

KNOWN_ANSWER = """
CREATE TABLE known_answer (
    name text PRIMARY KEY,
    content jsonb NOT NULL,
    as_of timestamptz NOT NULL
);
COMMENT ON TABLE known_answer IS 'What another service said last, shown with its age while it does not answer';
CREATE INDEX known_answer_age ON known_answer (as_of);
GRANT SELECT, INSERT, UPDATE, DELETE ON known_answer TO portal_app;
"""

AUDIT_VERDICT = """
CREATE TABLE audit_verdict (
    chain text PRIMARY KEY,
    verified_at timestamptz NOT NULL,
    flaw text,
    noted_revision bigint NOT NULL,
    noted_hash bytea NOT NULL CHECK (octet_length(noted_hash) = 32),
    noted_at timestamptz NOT NULL
);
COMMENT ON TABLE audit_verdict IS
    'What was found of each audit trail last, and the end it had when it was whole: it must lead through that for ever';
GRANT SELECT, INSERT, UPDATE ON audit_verdict TO portal_app;
"""


def upgrade() -> None:
    for statements in (KNOWN_ANSWER, AUDIT_VERDICT):
        op.execute(statements)
