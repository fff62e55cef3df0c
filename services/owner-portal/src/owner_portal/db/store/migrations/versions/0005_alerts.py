"""What the owner is told of by itself: alerts, who wants them by e-mail, and e-mails that wait to leave."""

from alembic import op

revision = "0005"
down_revision = "0004"

MAIL = """
CREATE TABLE mail (
    id uuid PRIMARY KEY,
    recipient text NOT NULL,
    subject text NOT NULL,
    body text NOT NULL,
    queued_at timestamptz NOT NULL DEFAULT now(),
    due_at timestamptz NOT NULL DEFAULT now(),
    attempts integer NOT NULL DEFAULT 0,
    problem text
);
COMMENT ON TABLE mail IS 'E-mails that wait; one that was handed over is deleted, for its body may let somebody in';
CREATE INDEX mail_due ON mail (due_at);
"""

ALERTS = """
CREATE TABLE company_rhythm (
    company_id uuid PRIMARY KEY,
    until_day date NOT NULL,
    active_days bigint NOT NULL
);
COMMENT ON TABLE company_rhythm IS
    'On which of the 56 days before until_day a company worked: bit 0 is the day before it. Computed once a day';

CREATE TABLE alert (
    company_id uuid NOT NULL,
    kind text NOT NULL,
    stage smallint NOT NULL,
    state text NOT NULL CHECK (state IN ('OPEN', 'ACKNOWLEDGED', 'SNOOZED', 'RESOLVED')),
    raised_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL DEFAULT '',
    snoozed_until timestamptz,
    PRIMARY KEY (company_id, kind)
) WITH (fillfactor = 80);
CREATE INDEX alert_live ON alert (state, raised_at) WHERE state <> 'RESOLVED';

CREATE TABLE alert_turn (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    taken_at timestamptz NOT NULL DEFAULT '-infinity'
);
COMMENT ON TABLE alert_turn IS 'When a process of the portal last looked for alerts: one does, however many there are';
INSERT INTO alert_turn DEFAULT VALUES;

CREATE TABLE alert_digest (
    owner_id uuid PRIMARY KEY REFERENCES owner ON DELETE CASCADE,
    frequency text NOT NULL CHECK (frequency IN ('HOURLY', 'DAILY')),
    sent_at timestamptz
);
COMMENT ON TABLE alert_digest IS 'Owners who want alerts by e-mail; sent_at null: none was sent yet';
"""

GRANTS = """
GRANT SELECT, INSERT, UPDATE, DELETE ON mail, alert_digest TO portal_app;
GRANT SELECT, INSERT, UPDATE ON company_rhythm, alert TO portal_app;
GRANT SELECT, UPDATE ON alert_turn TO portal_app;
"""


def upgrade() -> None:
    for statements in (MAIL, ALERTS, GRANTS):
        op.execute(statements)
