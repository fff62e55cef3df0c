"""Plans, subscriptions, the revision clock and the outbox."""

from alembic import op

from servicekit import outbox

revision = "0001"
down_revision = None

PLAN_VERSION = """
CREATE TABLE plan_version (
    code text,
    version integer CHECK (version > 0),
    name text NOT NULL,
    price_minor_units bigint NOT NULL CHECK (price_minor_units >= 0),
    price_currency text NOT NULL CHECK (price_currency ~ '^[A-Z]{3}$'),
    seats integer NOT NULL CHECK (seats > 0),
    storage_bytes bigint NOT NULL CHECK (storage_bytes > 0),
    screenshot_retention_days integer NOT NULL CHECK (screenshot_retention_days > 0),
    PRIMARY KEY (code, version)
);
COMMENT ON TABLE plan_version IS 'What is or was on offer. Never changed: a new price or limit is a new version';
"""

# A gigabyte is 10^9 bytes, as disks and clouds sell it (not 2^30).
PLANS = """
INSERT INTO plan_version
    (code, version, name, price_minor_units, price_currency, seats, storage_bytes, screenshot_retention_days)
VALUES
    ('FREE', 1, 'Free', 0, 'USD', 5, 10 * 10^9, 30),
    ('PRO', 1, 'Pro', 9900, 'USD', 50, 100 * 10^9, 30),
    ('ENTERPRISE', 1, 'Enterprise', 49900, 'USD', 999, 1000 * 10^9, 30);
"""

SUBSCRIPTION = """
CREATE TABLE subscription (
    company_id uuid,
    revision bigint,
    plan_code text NOT NULL,
    plan_version integer NOT NULL,
    state text NOT NULL CHECK (state IN ('TRIAL', 'ACTIVE', 'PAST_DUE', 'EXPIRED', 'CANCELLED')),
    started_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL CHECK (expires_at > started_at),
    changed_at timestamptz NOT NULL,
    is_current boolean NOT NULL DEFAULT true,
    PRIMARY KEY (company_id, revision),
    FOREIGN KEY (plan_code, plan_version) REFERENCES plan_version
);
COMMENT ON TABLE subscription IS 'All subscriptions ever: one row a change, a company''s newest is current';
CREATE UNIQUE INDEX subscription_current ON subscription (company_id) WHERE is_current;
CREATE UNIQUE INDEX subscription_changes ON subscription (revision) WHERE is_current;
CREATE INDEX subscription_ends ON subscription (expires_at)
    WHERE is_current AND state IN ('TRIAL', 'ACTIVE', 'PAST_DUE');
"""

CLOCK = """
CREATE TABLE clock (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    revision bigint NOT NULL DEFAULT 0
);
INSERT INTO clock DEFAULT VALUES;
"""

REACTIVATION = """
CREATE TABLE reactivation (
    company_id uuid PRIMARY KEY,
    company_revision bigint NOT NULL
);
COMMENT ON TABLE reactivation IS 'Each company''s newest reactivation that was taken; older ones are ignored';
"""

GRANTS = """
GRANT SELECT ON plan_version TO billing_app;
GRANT SELECT, INSERT, UPDATE (is_current) ON subscription TO billing_app;
GRANT SELECT, UPDATE (revision) ON clock TO billing_app;
GRANT SELECT, INSERT, UPDATE (company_revision) ON reactivation TO billing_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON outbox TO billing_app;
"""


def upgrade() -> None:
    for statements in (PLAN_VERSION, PLANS, SUBSCRIPTION, CLOCK, REACTIVATION, outbox.TABLE, GRANTS):
        op.execute(statements)
