"""Plans, subscriptions, money, levels of use, the revision clock and the outbox."""

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
    kind text NOT NULL CHECK (kind IN (
        'TRIAL_STARTED', 'TRIAL_CONVERTED', 'TRIAL_EXPIRED', 'TRIAL_CANCELLED', 'PLAN_CHANGED', 'RENEWED', 'EXTENDED',
        'REOPENED', 'PAST_DUE', 'PAID', 'CANCELLED', 'RESUMED', 'EXPIRED'
    )),
    plan_code text NOT NULL,
    plan_version integer NOT NULL,
    state text NOT NULL CHECK (state IN ('TRIAL', 'ACTIVE', 'PAST_DUE', 'EXPIRED', 'CANCELLED')),
    started_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL CHECK (expires_at > started_at),
    charged_until timestamptz CHECK (charged_until > started_at AND charged_until <= expires_at),
    charged_since timestamptz CHECK (charged_since BETWEEN started_at AND charged_until),
    charge_accrued numeric CHECK (charge_accrued >= 0),
    billing_day smallint CHECK (billing_day BETWEEN 1 AND 31),
    has_paid boolean NOT NULL,
    monthly_revenue bigint NOT NULL CHECK (monthly_revenue >= 0),
    revenue_change bigint NOT NULL,
    movement text CHECK (movement IN ('NEW', 'EXPANSION', 'CONTRACTION', 'CHURN', 'REACTIVATION')),
    actor text NOT NULL,
    reason text NOT NULL,
    changed_at timestamptz NOT NULL,
    superseded_at timestamptz CHECK (superseded_at >= changed_at),
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (company_id, revision),
    FOREIGN KEY (plan_code, plan_version) REFERENCES plan_version,
    CHECK (num_nulls(charged_until, charged_since, charge_accrued, billing_day) IN (0, 4)),
    CHECK (state <> 'TRIAL' OR charged_until IS NULL),
    CHECK (state <> 'PAST_DUE' OR charged_until IS NOT NULL),
    CHECK ((movement IS NULL) = (revenue_change = 0))
);
COMMENT ON TABLE subscription IS 'All subscriptions ever: one row a change, holding from changed_at to superseded_at';
COMMENT ON COLUMN subscription.charge_accrued IS 'Minor units x microseconds of the time before charged_since';
CREATE UNIQUE INDEX subscription_current ON subscription (company_id) WHERE superseded_at IS NULL;
CREATE UNIQUE INDEX subscription_changes ON subscription (revision) WHERE superseded_at IS NULL;
CREATE INDEX subscription_ends ON subscription (expires_at)
    WHERE superseded_at IS NULL AND state IN ('TRIAL', 'ACTIVE', 'PAST_DUE');
CREATE INDEX subscription_of_plan ON subscription (plan_code, company_id) WHERE superseded_at IS NULL;
CREATE INDEX subscription_superseded ON subscription (superseded_at);
CREATE INDEX subscription_movements ON subscription (changed_at) INCLUDE (movement, revenue_change, company_id)
    WHERE movement IS NOT NULL;
CREATE INDEX subscription_trial_ends ON subscription (changed_at) INCLUDE (kind)
    WHERE kind IN ('TRIAL_CONVERTED', 'TRIAL_EXPIRED', 'TRIAL_CANCELLED');
"""

SCHEDULED_CHANGE = """
CREATE TABLE scheduled_change (
    id uuid PRIMARY KEY,
    company_id uuid NOT NULL,
    plan_code text NOT NULL,
    plan_version integer NOT NULL,
    state text NOT NULL DEFAULT 'PENDING' CHECK (state IN ('PENDING', 'APPLIED', 'WITHDRAWN', 'REFUSED')),
    actor text NOT NULL,
    reason text NOT NULL,
    created_at timestamptz NOT NULL,
    settled_at timestamptz,
    outcome text NOT NULL DEFAULT '',
    FOREIGN KEY (plan_code, plan_version) REFERENCES plan_version,
    CHECK ((state = 'PENDING') = (settled_at IS NULL))
);
COMMENT ON TABLE scheduled_change IS 'Changes of plan that wait for the end of their company''s period';
CREATE UNIQUE INDEX scheduled_change_pending ON scheduled_change (company_id) WHERE state = 'PENDING';
CREATE INDEX scheduled_change_of_company ON scheduled_change (company_id, created_at, id);
CREATE INDEX scheduled_change_in_order ON scheduled_change (created_at, id);
"""

MONEY = """
CREATE TABLE invoice_line (
    id uuid PRIMARY KEY,
    company_id uuid NOT NULL,
    revision bigint NOT NULL,
    kind text NOT NULL CHECK (kind IN ('CHARGE', 'CREDIT')),
    minor_units bigint NOT NULL CHECK (CASE kind WHEN 'CHARGE' THEN minor_units > 0 ELSE minor_units < 0 END),
    plan_code text NOT NULL,
    plan_version integer NOT NULL,
    covers_from timestamptz NOT NULL,
    covers_until timestamptz NOT NULL,
    issued_at timestamptz NOT NULL,
    FOREIGN KEY (company_id, revision) REFERENCES subscription,
    FOREIGN KEY (plan_code, plan_version) REFERENCES plan_version
);
COMMENT ON TABLE invoice_line IS 'What each change charged or credited';
CREATE INDEX invoice_line_of_company ON invoice_line (company_id, revision, id) INCLUDE (minor_units);
CREATE INDEX invoice_line_in_order ON invoice_line (revision, id);

CREATE TABLE payment (
    id uuid PRIMARY KEY,
    company_id uuid NOT NULL,
    minor_units bigint NOT NULL CHECK (minor_units > 0),
    currency text NOT NULL,
    method text NOT NULL,
    reference text NOT NULL,
    received_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    actor text NOT NULL,
    reason text NOT NULL
);
COMMENT ON TABLE payment IS 'Money that has arrived';
CREATE UNIQUE INDEX payment_reference ON payment (method, reference) WHERE reference <> '';
CREATE INDEX payment_of_company ON payment (company_id, recorded_at, id) INCLUDE (minor_units);
CREATE INDEX payment_in_order ON payment (recorded_at, id);
"""

USAGE_LEVEL = """
CREATE TABLE usage_level (
    company_id uuid,
    month date CHECK (extract(day FROM month) = 1),
    day date NOT NULL,
    revision bigint NOT NULL,
    seats bigint NOT NULL,
    storage_bytes bigint NOT NULL,
    PRIMARY KEY (company_id, month)
);
COMMENT ON TABLE usage_level IS 'What a company had in use on the newest day of a month that tracking reported';
"""

ANSWER = """
CREATE TABLE answer (
    key text PRIMARY KEY,
    request_digest bytea NOT NULL,
    answer bytea NOT NULL,
    answered_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE answer IS 'What was answered under an idempotency key: the same request gets it again';
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
GRANT SELECT, INSERT ON plan_version TO billing_app;
GRANT SELECT, INSERT, UPDATE (superseded_at) ON subscription TO billing_app;
GRANT SELECT, INSERT, UPDATE (state, settled_at, outcome) ON scheduled_change TO billing_app;
GRANT SELECT, INSERT ON invoice_line, payment, answer TO billing_app;
GRANT SELECT, INSERT, UPDATE (day, revision, seats, storage_bytes) ON usage_level TO billing_app;
GRANT SELECT, UPDATE (revision) ON clock TO billing_app;
GRANT SELECT, INSERT, UPDATE (company_revision) ON reactivation TO billing_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON outbox TO billing_app;
"""

TABLES = (
    PLAN_VERSION,
    PLANS,
    SUBSCRIPTION,
    SCHEDULED_CHANGE,
    MONEY,
    USAGE_LEVEL,
    ANSWER,
    CLOCK,
    REACTIVATION,
    outbox.TABLE,
)


def upgrade() -> None:
    for statements in (*TABLES, GRANTS):
        op.execute(statements)
