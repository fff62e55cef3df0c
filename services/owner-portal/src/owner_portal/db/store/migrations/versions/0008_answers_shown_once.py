"""Answers that hold a secret are kept sealed: their page shows them once, and a repetition makes no second secret."""

from alembic import op

revision = "0008"
down_revision = "0007"

TABLE = """
CREATE TABLE kept_answer (
    owner_id uuid NOT NULL REFERENCES owner,
    key_digest bytea NOT NULL, -- of the key that the form was given with its page
    content_digest bytea NOT NULL,
    answer_id uuid NOT NULL UNIQUE,
    session_id uuid NOT NULL,
    sealed bytea, -- NULL: its page was seen
    made_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (owner_id, key_digest)
);
CREATE INDEX kept_answer_made ON kept_answer (made_at);
GRANT SELECT, INSERT, UPDATE, DELETE ON kept_answer TO portal_app;
"""


def upgrade() -> None:
    op.execute(TABLE)
