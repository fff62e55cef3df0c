"""Companies that were closed; payments that take others back."""

from alembic import op

revision = "0003"
down_revision = "0002"

# Of closings before this migration the history tells, where there was something left to cancel.
CLOSING = """
CREATE TABLE closing (
    company_id uuid PRIMARY KEY,
    closed_at timestamptz NOT NULL
);
COMMENT ON TABLE closing IS 'Companies that were closed: their subscriptions end and are never charged again';
INSERT INTO closing
SELECT company_id, min(changed_at) FROM subscription
WHERE actor = 'tenancy' AND reason = 'the company was closed' GROUP BY company_id;
GRANT SELECT, INSERT ON closing TO billing_app;
"""

# A payment that was taken back frees its reference, which no index can say: writers wait for each other at the clock.
REVERSAL = """
ALTER TABLE payment DROP CONSTRAINT payment_minor_units_check;
ALTER TABLE payment ADD COLUMN reverses uuid UNIQUE REFERENCES payment;
ALTER TABLE payment ADD CHECK (CASE WHEN reverses IS NULL THEN minor_units > 0 ELSE minor_units < 0 END);
COMMENT ON COLUMN payment.reverses IS 'The payment that this one takes back, whole';
DROP INDEX payment_reference;
CREATE INDEX payment_reference ON payment (method, reference) WHERE reference <> '';
"""


def upgrade() -> None:
    for statements in (CLOSING, REVERSAL):
        op.execute(statements)
