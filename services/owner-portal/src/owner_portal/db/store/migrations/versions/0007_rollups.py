"""One row a company for what pages list, and sums kept up to date so that no page adds up days."""

from alembic import op

revision = "0007"
down_revision = "0006"

WINDOWS = (1, 7, 30, 90)  # days, today included
MEASURES = ("active", "sessions", "screenshots")
SUMS = [f"{measure}_{days}{before}" for measure in MEASURES for days in WINDOWS for before in ("", "_before")]

# What tenancy, billing and trackers tell stands in one row, each in columns of its own: any of them may know a company
# first, and it is shown once tenancy has told. All of it is asked for again.
COMPANY = """
DROP VIEW directory;
DROP TABLE company, subscription, company_sync;
UPDATE source SET revision = 0, moment = NULL WHERE name IN ('companies', 'subscriptions', 'sync_times');

CREATE TABLE company (
    company_id uuid PRIMARY KEY,
    status text NOT NULL,

    revision bigint,
    name text NOT NULL DEFAULT '',
    email text NOT NULL DEFAULT '',
    contact_person text NOT NULL DEFAULT '',
    phone text NOT NULL DEFAULT '',
    address text NOT NULL DEFAULT '',
    time_zone text NOT NULL DEFAULT 'UTC',
    day_zone text NOT NULL DEFAULT 'UTC',
    state text NOT NULL DEFAULT 'ACTIVE',
    key_hint text NOT NULL DEFAULT '',
    logo_digest text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(),
    search_text text NOT NULL GENERATED ALWAYS AS (lower(name || ' ' || email)) STORED,

    subscription_revision bigint,
    subscription_state text,
    plan_code text,
    plan_version integer,
    started_at timestamptz,
    expires_at timestamptz,
    charged_until timestamptz,
    price_minor_units bigint,
    monthly_revenue_minor_units bigint,
    currency text,
    seats_limit bigint,
    storage_limit bigint,
    screenshot_retention_days bigint,

    last_sync_at timestamptz
) WITH (fillfactor = 70); -- last_sync_at is rewritten all day long
COMMENT ON COLUMN company.revision IS 'tenancy''s; null: it has not told of this company';
COMMENT ON COLUMN company.subscription_revision IS 'billing''s; null: it has not told of a subscription';
COMMENT ON COLUMN company.day_zone IS 'time_zone when PostgreSQL knows it, else UTC: one odd name must not fail pages';
CREATE INDEX company_by_name ON company (lower(name), company_id);
CREATE INDEX company_by_email ON company (lower(email), company_id);
CREATE INDEX company_by_plan ON company (plan_code NULLS FIRST, company_id);
CREATE INDEX company_by_status ON company (status, company_id);
CREATE INDEX company_by_sync ON company (last_sync_at NULLS FIRST, company_id);
CREATE INDEX company_by_end ON company (expires_at) WHERE status IN ('TRIAL', 'ACTIVE', 'PAST_DUE');

-- Kept in company.status by whoever changes one of the three, and when a period ends without news from billing.
CREATE FUNCTION company_status(state text, subscription_state text, expires_at timestamptz) RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN state <> 'ACTIVE' THEN state
        WHEN subscription_state IS NULL THEN 'PENDING'
        WHEN subscription_state IN ('TRIAL', 'ACTIVE', 'PAST_DUE') AND expires_at <= now() THEN 'EXPIRED'
        ELSE subscription_state
    END
$$;
"""

# as_of is the company's day that the sums end with; later days, of desktops whose clock runs ahead, count as that one.
# Levels are those of the latest day.
USAGE = f"""
CREATE TABLE company_usage (
    company_id uuid PRIMARY KEY,
    as_of date NOT NULL DEFAULT '2000-01-01',
    seats_used bigint NOT NULL DEFAULT 0,
    storage_used bigint NOT NULL DEFAULT 0,
    {", ".join(f"{name} bigint NOT NULL DEFAULT 0" for name in SUMS)},
    daily_minutes integer[] NOT NULL DEFAULT array_fill(0, ARRAY[30])
) WITH (fillfactor = 50); -- rewritten with every day that changes
COMMENT ON COLUMN company_usage.daily_minutes IS 'Active minutes of the last 30 days, the oldest first';
CREATE INDEX company_usage_by_seats ON company_usage (seats_used, company_id);
CREATE INDEX company_usage_by_storage ON company_usage (storage_used, company_id);
CREATE INDEX company_usage_by_active_30 ON company_usage (active_30, company_id);
CREATE INDEX company_usage_by_screenshots_30 ON company_usage (screenshots_30, company_id);

CREATE TABLE platform_day (
    day date PRIMARY KEY,
    companies_active bigint NOT NULL,
    active_seconds bigint NOT NULL,
    idle_seconds bigint NOT NULL,
    sessions bigint NOT NULL,
    screenshots bigint NOT NULL
) WITH (fillfactor = 50);
COMMENT ON TABLE platform_day IS 'All companies together on one date of their own calendars';

CREATE TABLE earlier_revenue (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    moment timestamptz NOT NULL,
    minor_units bigint NOT NULL
);
COMMENT ON TABLE earlier_revenue IS 'Monthly recurring revenue 30 days ago, as billing tells it from its history';

DROP INDEX company_day_day;
INSERT INTO company_usage (company_id) SELECT DISTINCT company_id FROM company_day;
INSERT INTO platform_day
SELECT day, count(*) FILTER (WHERE active_seconds > 0), sum(active_seconds), sum(idle_seconds), sum(sessions),
       sum(screenshots)
FROM company_day GROUP BY day;
"""

# One row a company as the owner sees it.
DIRECTORY = """
CREATE VIEW directory AS
SELECT c.company_id, c.name, c.email, c.contact_person, c.phone, c.address, c.time_zone, c.key_hint, c.created_at,
       c.state, c.logo_digest, c.plan_code, c.plan_version, c.started_at, c.expires_at, c.charged_until,
       c.price_minor_units, c.monthly_revenue_minor_units, c.currency, c.seats_limit, c.storage_limit,
       c.screenshot_retention_days, u.seats_used, u.storage_used, c.last_sync_at,
       (now() AT TIME ZONE c.day_zone)::date AS today, c.status
FROM company c JOIN company_usage u USING (company_id)
WHERE c.revision IS NOT NULL;
"""

# A rebuild fills a new table and puts it in the place of the old one. The service's role owns no table: these three
# functions are all that it can do of it.
REBUILD = """
CREATE TABLE rebuild (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    read_messages bigint NOT NULL,
    all_messages bigint NOT NULL,
    noted_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE rebuild IS 'How far the rebuild is that runs; without a row, or with one long not noted, none does';

CREATE FUNCTION begin_rebuild() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    CREATE TABLE company_day_next (LIKE company_day INCLUDING DEFAULTS);
    GRANT SELECT, INSERT, UPDATE, DELETE ON company_day_next TO portal_app;
END $$;

CREATE FUNCTION index_rebuild() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET maintenance_work_mem = '256MB' AS $$
BEGIN
    ALTER TABLE company_day_next ADD PRIMARY KEY (company_id, day);
    ANALYZE company_day_next;
END $$;

CREATE FUNCTION finish_rebuild() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    DROP TABLE company_day;
    ALTER TABLE company_day_next RENAME TO company_day;
    ALTER INDEX company_day_next_pkey RENAME TO company_day_pkey;
END $$;

REVOKE EXECUTE ON FUNCTION begin_rebuild, index_rebuild, finish_rebuild FROM PUBLIC;
"""

GRANTS = """
GRANT SELECT, INSERT, UPDATE ON company, earlier_revenue TO portal_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON company_usage, platform_day, rebuild TO portal_app;
GRANT SELECT ON directory TO portal_app;
GRANT EXECUTE ON FUNCTION begin_rebuild, index_rebuild, finish_rebuild TO portal_app;
"""


def upgrade() -> None:
    for statements in (COMPANY, USAGE, DIRECTORY, REBUILD, GRANTS):
        op.execute(statements)
