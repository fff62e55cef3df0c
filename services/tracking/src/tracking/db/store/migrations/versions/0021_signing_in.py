"""Signing in: attempts are counted by company and account, places that accounts have been used from are known.

What has to look across companies, because nobody has said yet which company it is about, are functions that run with
the rights of the schema's owner, who sees rows only when another role calls them: they find the accounts of one e-mail,
and count attempts at several accounts at once.
"""

from alembic import op

revision = "0021"
down_revision = "0020"

TABLES = """
DROP TABLE sign_in_attempt;

-- Rows of networks, and of accounts that there are not, stand under the id of no company.
CREATE TABLE sign_in_attempt (
    company_id uuid NOT NULL,
    subject bytea NOT NULL, -- digests: who guesses e-mails leaves none of them here
    account bytea, -- the account's own subject, by which all that is counted against it is lifted
    kind text NOT NULL,
    used integer NOT NULL, -- of the most that are admitted until ends_at
    most integer NOT NULL,
    ends_at timestamptz NOT NULL,
    day_used integer NOT NULL,
    day_most integer NOT NULL,
    day_ends_at timestamptz NOT NULL,
    refused integer NOT NULL,
    admitted boolean NOT NULL, -- the last one
    PRIMARY KEY (company_id, subject)
);
CREATE INDEX sign_in_attempt_account ON sign_in_attempt (company_id, account);
CREATE INDEX sign_in_attempt_end ON sign_in_attempt (day_ends_at);

-- A browser by the token of its cookie, or an address at which a desktop signed in.
CREATE TABLE known_place (
    company_id uuid NOT NULL,
    employee_id uuid NOT NULL,
    digest bytea NOT NULL,
    used_at timestamptz NOT NULL,
    PRIMARY KEY (company_id, employee_id, digest),
    FOREIGN KEY (company_id, employee_id) REFERENCES employee
);

-- The password was right in several companies; the person has still to say which of them to open.
CREATE TABLE sign_in_choice (
    company_id uuid NOT NULL,
    digest bytea NOT NULL,
    employee_id uuid NOT NULL,
    password_hash text NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (company_id, digest),
    FOREIGN KEY (company_id, employee_id) REFERENCES employee
);

-- Since when the account has its e-mail. Of earlier edits only the last one is known; it may have been of the e-mail.
-- Forced row-level security shows the owner no row.
ALTER TABLE employee NO FORCE ROW LEVEL SECURITY;
ALTER TABLE employee ADD COLUMN email_at timestamptz NOT NULL DEFAULT now();
UPDATE employee SET email_at = coalesce(changed_at, created_at);
ALTER TABLE employee FORCE ROW LEVEL SECURITY;
"""

ISOLATION = """
DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['sign_in_attempt', 'known_place', 'sign_in_choice'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
        EXECUTE format(
            'CREATE POLICY own_company ON %I TO tracking_app USING (company_id = (SELECT nullif(current_setting('
            '''app.company_id'', true), '''')::uuid)) WITH CHECK (company_id = (SELECT nullif(current_setting('
            '''app.company_id'', true), '''')::uuid))', name);
    END LOOP;
END $$;
CREATE POLICY sign_in ON employee FOR SELECT TO tracking_owner
    USING (session_user <> current_user);
CREATE POLICY sign_in ON known_place FOR SELECT TO tracking_owner
    USING (session_user <> current_user);
CREATE POLICY sign_in ON sign_in_attempt TO tracking_owner
    USING (session_user <> current_user)
    WITH CHECK (session_user <> current_user);
"""

FUNCTIONS = """
CREATE SCHEMA sign_in;

CREATE TABLE sign_in.salt_key (one boolean PRIMARY KEY DEFAULT true CHECK (one), key bytea NOT NULL);
COMMENT ON TABLE sign_in.salt_key IS 'Salts of passwords are made of it and of the e-mail; 244 random bits';
INSERT INTO sign_in.salt_key (key) VALUES (uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()));

CREATE FUNCTION sign_in.accounts(of_email bytea, from_place bytea, of_company uuid)
RETURNS TABLE (
    company_id uuid, known boolean, employee_id uuid, number bigint, name text, email text, role text,
    password_hash text, active boolean, designation text, time_zone text, version integer
)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp BEGIN ATOMIC
    SELECT e.company_id,
        EXISTS (
            SELECT FROM public.known_place k
            WHERE k.company_id = e.company_id AND k.employee_id = e.employee_id AND k.digest = from_place
                AND k.used_at > now() - interval '90 days'
        ),
        e.employee_id, e.number, e.name, e.email, e.role, e.password_hash, e.active, e.designation, e.time_zone,
        e.version
    FROM public.employee e
    WHERE e.email_digest = of_email AND (of_company IS NULL OR e.company_id = of_company)
    ORDER BY e.email_at, e.company_id;
END;

CREATE FUNCTION sign_in.count(
    companies uuid[], subjects bytea[], accounts bytea[], kinds text[], most integer[], day_most integer[]
)
RETURNS SETOF public.sign_in_attempt
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp BEGIN ATOMIC
    INSERT INTO public.sign_in_attempt AS a
    SELECT t.company, t.subject, t.account, t.kind, 1, t.most, now() + interval '15 minutes',
        1, t.day_most, now() + interval '1 day', 0, true
    FROM unnest(companies, subjects, accounts, kinds, most, day_most)
        AS t (company, subject, account, kind, most, day_most)
    ORDER BY t.subject
    ON CONFLICT (company_id, subject) DO UPDATE SET (used, ends_at, day_used, day_ends_at, refused, admitted) = (
        SELECT now_used + admits::int, now_ends_at, now_day_used + admits::int, now_day_ends_at,
            CASE WHEN a.day_ends_at <= now() THEN 0 ELSE a.refused END + (NOT admits)::int, admits
        FROM (
            SELECT *, now_used < excluded.most AND now_day_used < excluded.day_most AS admits FROM (
                SELECT CASE WHEN a.ends_at <= now() THEN 0 ELSE a.used END AS now_used,
                    CASE WHEN a.ends_at <= now() THEN now() + interval '15 minutes' ELSE a.ends_at END AS now_ends_at,
                    CASE WHEN a.day_ends_at <= now() THEN 0 ELSE a.day_used END AS now_day_used,
                    CASE WHEN a.day_ends_at <= now() THEN now() + interval '1 day' ELSE a.day_ends_at END
                        AS now_day_ends_at
            ) AS windows
        ) AS decided
    ), most = excluded.most, day_most = excluded.day_most
    RETURNING a.*;
END;

CREATE FUNCTION sign_in.sweep() RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp BEGIN ATOMIC
    WITH over AS (
        SELECT company_id, subject FROM public.sign_in_attempt WHERE day_ends_at <= now() LIMIT 10000
        FOR UPDATE SKIP LOCKED
    ), swept AS (
        DELETE FROM public.sign_in_attempt a USING over
        WHERE a.company_id = over.company_id AND a.subject = over.subject RETURNING 1
    )
    SELECT count(*) FROM swept;
END;
"""

GRANTS = """
GRANT SELECT, UPDATE, DELETE ON sign_in_attempt TO tracking_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON known_place TO tracking_app;
GRANT SELECT, INSERT, DELETE ON sign_in_choice TO tracking_app;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA sign_in FROM PUBLIC;
GRANT USAGE ON SCHEMA sign_in TO tracking_app;
GRANT SELECT ON sign_in.salt_key TO tracking_app;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA sign_in TO tracking_app;
"""


def upgrade() -> None:
    for statements in (TABLES, ISOLATION, FUNCTIONS, GRANTS):
        op.execute(statements)
