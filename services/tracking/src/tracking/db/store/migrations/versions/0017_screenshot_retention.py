"""For how long a company's screenshots were kept: when a plan shortens it, what is too old then stays for a day."""

from alembic import op

revision = "0017"
down_revision = "0016"

TABLE = """
CREATE TABLE screenshot_retention (
    company_id uuid PRIMARY KEY REFERENCES company,
    days integer NOT NULL CHECK (days > 0),
    next_days integer CHECK (next_days BETWEEN 1 AND days - 1),
    shortened_at timestamptz CHECK ((shortened_at IS NULL) = (next_days IS NULL)),
    noted_at timestamptz NOT NULL DEFAULT now()
);
"""

ISOLATION = """
ALTER TABLE screenshot_retention ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own_company ON screenshot_retention TO tracking_app
    USING (company_id = (SELECT nullif(current_setting('app.company_id', true), '')::uuid))
    WITH CHECK (company_id = (SELECT nullif(current_setting('app.company_id', true), '')::uuid));
CREATE POLICY dispatch ON screenshot_retention FOR SELECT TO tracking_dispatch USING (true);
GRANT SELECT, INSERT, UPDATE ON screenshot_retention TO tracking_app;
GRANT SELECT (company_id, days, next_days, shortened_at) ON screenshot_retention TO tracking_dispatch;
"""


def upgrade() -> None:
    for statements in (TABLE, ISOLATION):
        op.execute(statements)
