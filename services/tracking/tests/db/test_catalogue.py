"""The rights and policies of every table and role, read from the database's catalogue."""

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

POLICY = (
    "(company_id = ( SELECT (NULLIF(current_setting('app.company_id'::text, true), ''::text))::uuid AS \"nullif\"))"
)

# Unique without the company, and why that gives nothing away.
EXCEPTIONS = {
    "outbox_pkey": "the id is random and made here; the relay deletes what it has published by it",
    "outbox_compacted": "the subject holds the company's id",
}
READ_BY_DISPATCH = ("company", "employee", "fold_queue", "screenshot", "screenshot_retention", "work_session")

_TABLES = """
    SELECT c.relname FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
      AND c.relname <> 'alembic_version'
"""
TOUCHED_BY_FOLDS = (
    "activity",
    "company",
    "company_day",
    "device",
    "device_hour",
    "employee",
    "employee_day",
    "fold_queue",
    "outbox",
    "storage_use",
)
TABLES = f"{_TABLES} ORDER BY 1"
UNPROTECTED = f"{_TABLES} AND NOT (c.relrowsecurity AND c.relforcerowsecurity) ORDER BY 1"
WITHOUT_POLICY = f"""{_TABLES}
    AND NOT EXISTS (
        SELECT 1 FROM pg_policies p
        WHERE p.tablename = c.relname AND p.roles = '{{tracking_app}}' AND p.cmd = 'ALL' AND p.permissive = 'PERMISSIVE'
          AND p.qual = :policy AND p.with_check = :policy
    ) ORDER BY 1
"""
OTHER_POLICIES = """
    SELECT tablename, roles::text, cmd FROM pg_policies WHERE policyname <> 'own_company' ORDER BY 1, 2
"""
UNIQUE_WITHOUT_COMPANY = """
    SELECT i.indexrelid::regclass::text FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
    LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
    WHERE c.relnamespace = 'public'::regnamespace AND i.indisunique AND c.relname <> 'alembic_version'
      AND a.attname IS DISTINCT FROM 'company_id'
    ORDER BY 1
"""
REFERENCES_WITHOUT_COMPANY = """
    SELECT k.conname::text FROM pg_constraint k
    WHERE k.contype = 'f' AND k.connamespace = 'public'::regnamespace AND NOT EXISTS (
        SELECT 1 FROM unnest(k.conkey, k.confkey) pair (here, there)
        JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = pair.here AND a.attname = 'company_id'
        JOIN pg_attribute b ON b.attrelid = k.confrelid AND b.attnum = pair.there AND b.attname = 'company_id'
    ) ORDER BY 1
"""
# Those that are not enforced row by row are by a trigger that sees the rows of each statement.
REFERENCES_NOT_ENFORCED = """
    SELECT k.conname::text FROM pg_constraint k
    WHERE k.contype = 'f' AND k.connamespace = 'public'::regnamespace AND NOT k.conenforced AND NOT EXISTS (
        SELECT FROM pg_trigger t JOIN (VALUES
            ('employee'::regclass, 'require_employee'::regproc),
            ('employee'::regclass, 'require_employee_or_company'::regproc),
            ('company'::regclass, 'require_employee_or_company'::regproc), -- of the employee, or asked for itself
            ('employee'::regclass, 'require_device'::regproc), -- who is the employee that the device says
            ('device'::regclass, 'require_device'::regproc)
        ) checked (referred, function) ON t.tgfoid = checked.function
        WHERE t.tgrelid = k.conrelid AND k.confrelid = checked.referred
          AND t.tgenabled = 'O' AND t.tgtype = 4 AND t.tgqual IS NULL AND t.tgnewtable = 'added'
    ) ORDER BY 1
"""
NOT_THE_OWNERS = """
    SELECT c.relname FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND pg_get_userbyid(c.relowner) <> 'tracking_owner'
"""
OPEN_TO_ALL = """
    SELECT c.relname FROM pg_class c, aclexplode(c.relacl) acl
    WHERE c.relnamespace = 'public'::regnamespace AND acl.grantee = 0
"""


async def names(connection: AsyncConnection, query: str, **values: Any) -> Sequence[Any]:
    return (await connection.execute(text(query), values)).scalars().all()


async def complaints(connection: AsyncConnection) -> dict[str, Sequence[str]]:
    """The violations, by rule; a correct catalogue has none."""
    found = {
        "row-level security is not enabled and forced": await names(connection, UNPROTECTED),
        "no policy for tracking_app": await names(connection, WITHOUT_POLICY, policy=POLICY),
        "a unique index across companies": [
            name for name in await names(connection, UNIQUE_WITHOUT_COMPANY) if name not in EXCEPTIONS
        ],
        "a reference across companies": await names(connection, REFERENCES_WITHOUT_COMPANY),
        "a reference that nothing enforces": await names(connection, REFERENCES_NOT_ENFORCED),
        "owned by another role": await names(connection, NOT_THE_OWNERS),
        "open to PUBLIC": await names(connection, OPEN_TO_ALL),
    }
    return {rule: tables for rule, tables in found.items() if tables}


async def test_every_table_is_protected(superuser: AsyncEngine, tables: tuple[str, ...]) -> None:
    async with superuser.connect() as connection:
        assert tuple(await names(connection, TABLES)) == tables
        assert await complaints(connection) == {}
        assert set(await names(connection, UNIQUE_WITHOUT_COMPANY)) == set(EXCEPTIONS), "an exception has no reason"


async def test_only_roles_for_many_companies_have_policies_of_their_own(superuser: AsyncEngine) -> None:
    async with superuser.connect() as connection:
        found = [tuple(row) for row in await connection.execute(text(OTHER_POLICIES))]
    reads = [(table, "{tracking_dispatch}", "SELECT") for table in READ_BY_DISPATCH]
    folds = [(table, "{tracking_fold}", "ALL") for table in TOUCHED_BY_FOLDS]
    hears = [(table, "{tracking_heartbeat}", "ALL") for table in ("device", "key_use", "work_session")]
    signs_in = [("employee", "SELECT"), ("known_place", "SELECT"), ("sign_in_attempt", "ALL")]
    finds = [
        (table, "{tracking_owner}", command) for table, command in signs_in
    ]  # by functions that are given an e-mail
    assert found == sorted([*reads, *folds, *hears, *finds, ("outbox", "{tracking_dispatch}", "ALL")])


@pytest.mark.parametrize(
    ("statement", "rules"),
    [
        (
            "CREATE TABLE scratch (company_id uuid PRIMARY KEY)",
            {"row-level security is not enabled and forced", "no policy for tracking_app", "owned by another role"},
        ),
        ("ALTER TABLE device NO FORCE ROW LEVEL SECURITY", {"row-level security is not enabled and forced"}),
        ("ALTER TABLE device DISABLE ROW LEVEL SECURITY", {"row-level security is not enabled and forced"}),
        ("DROP POLICY own_company ON device", {"no policy for tracking_app"}),
        ("ALTER POLICY own_company ON device USING (true)", {"no policy for tracking_app"}),
        ("ALTER POLICY own_company ON device WITH CHECK (true)", {"no policy for tracking_app"}),
        ("CREATE UNIQUE INDEX scratch ON device (token_digest)", {"a unique index across companies"}),
        ("CREATE UNIQUE INDEX scratch ON device (token_digest, company_id)", {"a unique index across companies"}),
        (
            "ALTER TABLE device ADD COLUMN scratch uuid REFERENCES outbox (id)",
            {"a reference across companies"},
        ),
        ("DROP TRIGGER require_device ON activity", {"a reference that nothing enforces"}),
        ("ALTER TABLE usage_record DISABLE TRIGGER require_employee", {"a reference that nothing enforces"}),
        ("DROP TRIGGER require_employee_or_company ON fold_queue", {"a reference that nothing enforces"}),
        (
            "ALTER TABLE device ALTER CONSTRAINT device_company_id_employee_id_fkey NOT ENFORCED",
            {"a reference that nothing enforces"},
        ),
        ("ALTER TABLE device OWNER TO tracking_app", {"owned by another role"}),
        ("GRANT SELECT ON device TO PUBLIC", {"open to PUBLIC"}),
    ],
)
async def test_a_gap_is_found(superuser: AsyncEngine, statement: str, rules: set[str]) -> None:
    async with superuser.connect() as connection:
        await connection.execute(text(statement))
        assert set(await complaints(connection)) == rules
        await connection.rollback()


ATTRIBUTES = "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication, rolinherit FROM pg_roles"
OWNS = """
    SELECT count(*) FROM pg_shdepend d JOIN pg_roles r ON r.oid = d.refobjid
    WHERE d.deptype = 'o' AND r.rolname = :role
"""
MEMBER_OF = "SELECT count(*) FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member WHERE r.rolname = :role"


@pytest.mark.parametrize(
    ("role", "bypasses"),
    [
        ("tracking_app", False),
        ("tracking_dispatch", False),
        ("tracking_heartbeat", False),
        ("tracking_ingest", True),
        ("tracking_owner", False),
    ],
)
async def test_what_roles_are(superuser: AsyncEngine, role: str, bypasses: bool) -> None:
    async with superuser.connect() as connection:
        attributes = (await connection.execute(text(f"{ATTRIBUTES} WHERE rolname = :role"), {"role": role})).one()
        assert tuple(attributes)[:5] == (False, bypasses, False, False, False)
        assert await names(connection, MEMBER_OF, role=role) == [0]
        if role != "tracking_owner":
            assert await names(connection, OWNS, role=role) == [0]
