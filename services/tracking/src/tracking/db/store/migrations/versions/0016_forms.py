"""Edits carry versions, forms that create something carry keys, secrets are shown once, passwords are reset by mail."""

from alembic import op

revision = "0016"
down_revision = "0015"

TABLES = """
-- Who edited it last. The next editor's form says which version it began with.
ALTER TABLE employee
    ADD COLUMN version integer NOT NULL DEFAULT 1,
    ADD COLUMN changed_by uuid,
    ADD COLUMN changed_at timestamptz,
    ADD FOREIGN KEY (company_id, changed_by) REFERENCES employee;

ALTER TABLE company_settings
    ADD COLUMN version integer NOT NULL DEFAULT 1,
    ADD COLUMN changed_by uuid,
    ADD COLUMN changed_at timestamptz,
    ADD FOREIGN KEY (company_id, changed_by) REFERENCES employee;

-- A note has a version of its own: whoever has the task writes it, admins change the rest.
ALTER TABLE task
    ADD COLUMN version integer NOT NULL DEFAULT 1,
    ADD COLUMN changed_by uuid,
    ADD COLUMN changed_at timestamptz,
    ADD COLUMN note_version integer NOT NULL DEFAULT 1,
    ADD COLUMN note_by uuid,
    ADD COLUMN note_at timestamptz,
    ADD FOREIGN KEY (company_id, changed_by) REFERENCES employee,
    ADD FOREIGN KEY (company_id, note_by) REFERENCES employee;

-- Forms that took effect, by the key that their page gave them. The digest of what they held is keyed with that key,
-- of which only a digest is kept: a password in it cannot be guessed from here.
CREATE TABLE form_submission (
    company_id uuid NOT NULL,
    key_digest bytea NOT NULL,
    employee_id uuid NOT NULL, -- who sent it
    content_digest bytea NOT NULL,
    result text NOT NULL,
    sent_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (company_id, key_digest),
    FOREIGN KEY (company_id, employee_id) REFERENCES employee
);
CREATE INDEX form_submission_sent ON form_submission (company_id, sent_at);

-- A secret that the session's next page shows once. It is computed from the seed and the session's token: neither is
-- enough, and the token is kept nowhere.
CREATE TABLE shown_once (
    company_id uuid NOT NULL,
    shown_id uuid NOT NULL,
    token_digest bytea NOT NULL,
    employee_id uuid NOT NULL, -- whose secret it is
    seed bytea, -- NULL: nothing was made, only the news is shown
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (company_id, shown_id),
    FOREIGN KEY (company_id, token_digest) REFERENCES workspace_session ON DELETE CASCADE,
    FOREIGN KEY (company_id, employee_id) REFERENCES employee
);
CREATE INDEX shown_once_of_session ON shown_once (company_id, token_digest);

-- Asked for by anybody, under the id of no company, answered by a background loop: the page takes as long for an
-- unknown e-mail. Kept for an hour, to count.
CREATE TABLE password_reset_request (
    company_id uuid NOT NULL,
    request_id uuid NOT NULL,
    account bytea NOT NULL,
    origin bytea NOT NULL,
    email text NOT NULL,
    asked_at timestamptz NOT NULL DEFAULT now(),
    answered boolean NOT NULL DEFAULT false,
    PRIMARY KEY (company_id, request_id)
);
CREATE INDEX password_reset_request_account ON password_reset_request (company_id, account, asked_at);
CREATE INDEX password_reset_request_origin ON password_reset_request (company_id, origin, asked_at);

-- A link that sets one account's password, by the digest of its token.
CREATE TABLE password_reset (
    company_id uuid NOT NULL,
    token_digest bytea NOT NULL,
    employee_id uuid NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (company_id, token_digest),
    FOREIGN KEY (company_id, employee_id) REFERENCES employee
);
CREATE INDEX password_reset_of_employee ON password_reset (company_id, employee_id);

-- The queue of libs/mailer. Mails to people of several companies stand under the id of no company.
CREATE TABLE mail (
    company_id uuid NOT NULL DEFAULT nullif(current_setting('app.company_id', true), '')::uuid,
    id uuid NOT NULL,
    recipient text NOT NULL,
    subject text NOT NULL,
    body text NOT NULL,
    queued_at timestamptz NOT NULL DEFAULT now(),
    due_at timestamptz NOT NULL DEFAULT now(),
    attempts integer NOT NULL DEFAULT 0,
    problem text,
    PRIMARY KEY (company_id, id)
);
CREATE INDEX mail_due ON mail (company_id, due_at);
"""

# To take rows that others are just taking, SKIP LOCKED, needs UPDATE.
NEW = {
    "form_submission": "SELECT, INSERT, UPDATE, DELETE",
    "shown_once": "SELECT, INSERT, DELETE",
    "password_reset_request": "SELECT, INSERT, UPDATE, DELETE",
    "password_reset": "SELECT, INSERT, DELETE",
    "mail": "SELECT, INSERT, UPDATE, DELETE",
}

ISOLATION = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own_company ON {table} TO tracking_app
    USING (company_id = (SELECT nullif(current_setting('app.company_id', true), '')::uuid))
    WITH CHECK (company_id = (SELECT nullif(current_setting('app.company_id', true), '')::uuid));
GRANT {rights} ON {table} TO tracking_app;
"""


def upgrade() -> None:
    op.execute(TABLES)
    for table, rights in NEW.items():
        op.execute(ISOLATION.format(table=table, rights=rights))
