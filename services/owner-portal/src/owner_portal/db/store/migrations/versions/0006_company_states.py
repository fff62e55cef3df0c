"""Closed companies, logos, and what a subscription is charged for."""

from alembic import op

revision = "0006"
down_revision = "0005"

COMPANY = """
DROP VIEW directory;
ALTER TABLE company ADD COLUMN state text NOT NULL DEFAULT 'ACTIVE', ADD COLUMN logo_digest text NOT NULL DEFAULT '';
UPDATE company SET state = 'SUSPENDED' WHERE suspended;
ALTER TABLE company DROP COLUMN suspended, ALTER COLUMN state DROP DEFAULT, ALTER COLUMN logo_digest DROP DEFAULT;
"""

SUBSCRIPTION = """
ALTER TABLE subscription
    ADD COLUMN plan_version integer NOT NULL DEFAULT 1,
    ADD COLUMN charged_until timestamptz,
    ADD COLUMN monthly_revenue_minor_units bigint NOT NULL DEFAULT 0;
ALTER TABLE subscription
    ALTER COLUMN plan_version DROP DEFAULT,
    ALTER COLUMN monthly_revenue_minor_units DROP DEFAULT;
"""

# tenancy and billing are asked for everything again: the new columns are in no row yet.
RESTART = """
UPDATE company SET revision = 0;
UPDATE subscription SET revision = 0;
UPDATE source SET revision = 0 WHERE name IN ('companies', 'subscriptions');
"""

DIRECTORY = """
CREATE VIEW directory AS
SELECT c.company_id, c.name, c.email, c.contact_person, c.phone, c.address, c.time_zone, c.key_hint, c.created_at,
       c.state, c.logo_digest, s.plan_code, s.plan_version, s.started_at, s.expires_at, s.charged_until,
       s.price_minor_units, s.monthly_revenue_minor_units, s.currency,
       s.seats AS seats_limit, s.storage_bytes AS storage_limit, s.screenshot_retention_days,
       level.seats_used, level.storage_bytes AS storage_used, y.last_sync_at,
       (now() AT TIME ZONE c.day_zone)::date AS today,
       CASE WHEN c.state <> 'ACTIVE' THEN c.state
            WHEN s.company_id IS NULL THEN 'PENDING'
            WHEN s.state IN ('TRIAL', 'ACTIVE', 'PAST_DUE') AND s.expires_at <= now() THEN 'EXPIRED'
            ELSE s.state
       END AS status
FROM company c
LEFT JOIN subscription s USING (company_id)
LEFT JOIN company_sync y USING (company_id)
LEFT JOIN LATERAL (
    SELECT d.seats_used, d.storage_bytes FROM company_day d
    WHERE d.company_id = c.company_id ORDER BY d.day DESC LIMIT 1
) level ON true;
GRANT SELECT ON directory TO portal_app;
"""


def upgrade() -> None:
    for statements in (COMPANY, SUBSCRIPTION, RESTART, DIRECTORY):
        op.execute(statements)
