"""Signing in: attempts have a budget a window and one a day; browsers that an account has been used from are known."""

from alembic import op

revision = "0010"
down_revision = "0009"

STATEMENTS = """
DROP TABLE sign_in_attempt;

CREATE TABLE sign_in_attempt (
    subject bytea PRIMARY KEY, -- a digest
    account bytea, -- the account's own subject, by which all that is counted against it is lifted
    kind text NOT NULL,
    used integer NOT NULL, -- of the most that are admitted until ends_at
    most integer NOT NULL,
    ends_at timestamptz NOT NULL,
    day_used integer NOT NULL,
    day_most integer NOT NULL,
    day_ends_at timestamptz NOT NULL,
    refused integer NOT NULL,
    admitted boolean NOT NULL -- the last one
);
CREATE INDEX sign_in_attempt_account ON sign_in_attempt (account);
CREATE INDEX sign_in_attempt_end ON sign_in_attempt (day_ends_at);

CREATE TABLE known_browser (
    owner_id uuid NOT NULL REFERENCES owner ON DELETE CASCADE,
    digest bytea NOT NULL,
    used_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (owner_id, digest)
);
COMMENT ON TABLE known_browser IS 'By the digest of the token in its long-lived cookie';

GRANT SELECT, INSERT, UPDATE, DELETE ON sign_in_attempt, known_browser TO portal_app;
"""


def upgrade() -> None:
    op.execute(STATEMENTS)
