"""What a company's admins set for their workspace; tasks begin, and can be deleted."""

from alembic import op

revision = "0006"
down_revision = "0005"

TABLES = """
CREATE TABLE company_settings (
    company_id uuid PRIMARY KEY REFERENCES company,
    workspace_name text NOT NULL,
    brand_colour text NOT NULL CHECK (brand_colour ~ '^#[0-9a-f]{6}$'), -- printed in a style sheet
    daily_target_seconds integer NOT NULL CHECK (daily_target_seconds BETWEEN 3600 AND 86400)
);

ALTER TABLE task ADD COLUMN started_at timestamptz;
"""

ISOLATION = """
ALTER TABLE company_settings ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own_company ON company_settings TO tracking_app
    USING (company_id = (SELECT nullif(current_setting('app.company_id', true), '')::uuid))
    WITH CHECK (company_id = (SELECT nullif(current_setting('app.company_id', true), '')::uuid));
"""

GRANTS = """
GRANT SELECT, INSERT, UPDATE ON company_settings TO tracking_app;
GRANT DELETE ON task TO tracking_app;
"""


def upgrade() -> None:
    for statements in (TABLES, ISOLATION, GRANTS):
        op.execute(statements)
