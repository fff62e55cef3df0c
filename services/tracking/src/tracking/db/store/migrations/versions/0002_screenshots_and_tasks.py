"""Screenshots and the storage they take, tasks, attempts to sign in."""

from alembic import op

revision = "0002"
down_revision = "0001"

TABLES = """
-- A picture and its thumbnail lie in the picture store, under names made of the ids. The row outlives them: the day's
-- count stays when the plan's retention is over, and a capture that is sent again is known.
CREATE TABLE screenshot (
    company_id uuid NOT NULL,
    screenshot_id uuid NOT NULL,
    employee_id uuid NOT NULL,
    session_id uuid NOT NULL,
    captured_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    width integer NOT NULL,
    height integer NOT NULL,
    stored_bytes integer NOT NULL,
    removed_at timestamptz,
    PRIMARY KEY (company_id, screenshot_id),
    FOREIGN KEY (company_id, employee_id) REFERENCES employee,
    FOREIGN KEY (company_id, session_id) REFERENCES work_session
);
CREATE INDEX screenshot_of_employee ON screenshot (company_id, employee_id, captured_at);
CREATE INDEX screenshot_kept ON screenshot (company_id, captured_at) WHERE removed_at IS NULL;

-- What the kept pictures take. A row of its own: taking a picture must not wait for whoever holds the company.
CREATE TABLE storage_use (
    company_id uuid NOT NULL REFERENCES company,
    bytes bigint NOT NULL CHECK (bytes >= 0),
    PRIMARY KEY (company_id)
);

CREATE TABLE task (
    company_id uuid NOT NULL,
    task_id uuid NOT NULL,
    number bigint GENERATED ALWAYS AS IDENTITY,
    employee_id uuid NOT NULL,
    assigned_by uuid NOT NULL,
    title text NOT NULL,
    description text NOT NULL,
    status text NOT NULL DEFAULT 'OPEN' CHECK (status IN ('OPEN', 'IN_PROGRESS', 'DONE')),
    due_date date,
    created_at timestamptz NOT NULL,
    completed_at timestamptz CHECK ((completed_at IS NOT NULL) = (status = 'DONE')),
    PRIMARY KEY (company_id, task_id),
    UNIQUE (company_id, number),
    FOREIGN KEY (company_id, employee_id) REFERENCES employee,
    FOREIGN KEY (company_id, assigned_by) REFERENCES employee
);
CREATE INDEX task_of_employee ON task (company_id, employee_id, number);

-- Attempts to sign in, by what they have in common. In the workspace nobody has said yet which company it is about:
-- those stand under the id of no company.
CREATE TABLE sign_in_attempt (
    company_id uuid NOT NULL,
    subject bytea NOT NULL,
    attempts integer NOT NULL,
    since timestamptz NOT NULL,
    PRIMARY KEY (company_id, subject)
);
CREATE INDEX sign_in_attempt_since ON sign_in_attempt (company_id, since);

ALTER TABLE employee_day ADD COLUMN screenshots integer NOT NULL DEFAULT 0;
ALTER TABLE company DROP COLUMN storage_bytes;
"""

ISOLATION = """
DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['screenshot', 'storage_use', 'task', 'sign_in_attempt'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
        EXECUTE format(
            'CREATE POLICY own_company ON %I TO tracking_app USING (company_id = (SELECT nullif(current_setting('
            '''app.company_id'', true), '''')::uuid)) WITH CHECK (company_id = (SELECT nullif(current_setting('
            '''app.company_id'', true), '''')::uuid))', name);
    END LOOP;
END $$;
"""

GRANTS = """
GRANT SELECT, INSERT, UPDATE ON screenshot, storage_use, task TO tracking_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON sign_in_attempt TO tracking_app;
GRANT INSERT ON quarantine TO tracking_app;

-- Which company keeps pictures since when, and in which time zone its days were counted.
GRANT SELECT (company_id, captured_at, removed_at) ON screenshot TO tracking_dispatch;
GRANT SELECT (company_id, time_zone) ON company TO tracking_dispatch;
CREATE POLICY dispatch ON screenshot FOR SELECT TO tracking_dispatch USING (true);
CREATE POLICY dispatch ON company FOR SELECT TO tracking_dispatch USING (true);
"""


def upgrade() -> None:
    for statements in (TABLES, ISOLATION, GRANTS):
        op.execute(statements)
