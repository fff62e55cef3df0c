"""The companies and people of the benchmarks.

Companies are created through tenancy and tracking's own command. Their people are written directly into tracking's
tables, because a thousand password hashes and log-ins would take longer than the measurements.
"""

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

import psycopg
from psycopg.rows import class_row

from tenantry_ops import environment
from tenantry_ops.bench.rig import Rig
from tenantry_ops.demo.companies import Company
from tenantry_ops.demo.tenancy import connect
from tenantry_ops.files import write_private
from tenantry_ops.programs import command

COMPANIES = 50
PEOPLE_EACH = 20
LOGGED_IN_DAYS_AGO = 10  # leaves past time for the uploads of all loads; rows from the future are clock steps

# The token of a device is its id as text.
PEOPLE = """
WITH person AS (
    INSERT INTO employee (company_id, employee_id, name, email, email_digest, role, password_hash)
    SELECT company_id, uuidv7(), 'Person ' || n, email, sha256(email::bytea), 'EMPLOYEE', 'cannot sign in'
    FROM unnest(%(companies)s::uuid[]) AS company (company_id), generate_series(1, %(people)s) n,
         LATERAL (SELECT 'person-' || n || '@bench.example' AS email)
    RETURNING company_id, employee_id
), device AS (
    INSERT INTO device (company_id, employee_id, device_id, token_digest, logged_in_at)
    SELECT company_id, employee_id, id, sha256(id::text::bytea), current_date - %(days)s
    FROM (SELECT company_id, employee_id, uuidv7() AS id FROM person)
    RETURNING company_id, employee_id, device_id, logged_in_at
)
INSERT INTO work_session (company_id, session_id, employee_id, device_id, started_at, last_seen_at)
SELECT company_id, uuidv7(), employee_id, device_id, logged_in_at, now() FROM device
"""

MEMBERS = """
SELECT company_id::text, c.number AS company_number, employee_id::text, e.number AS employee_number,
       s.device_id::text AS token, s.number AS session_number, extract(epoch FROM s.started_at)::bigint AS since
FROM work_session s JOIN employee e USING (company_id, employee_id) JOIN company c USING (company_id)
WHERE company_id = ANY(%(companies)s::uuid[])
ORDER BY e.email_digest, company_id
"""


@dataclass(frozen=True)
class Member:
    """An employee at a tracking desktop; `since` is the Unix time of the log-in, numbers are the protocol's ids."""

    company_id: str
    company_number: int
    employee_id: str
    employee_number: int
    token: str
    session_number: int
    since: int


@dataclass(frozen=True)
class Crowd:
    """Members, ordered so that neighbours belong to different companies, and the key of each company by its id."""

    members: tuple[Member, ...]
    keys: dict[str, str]


def gather(rig: Rig) -> Crowd:
    """Fills an empty platform. Raises `grpc.RpcError` from tenancy, `subprocess.CalledProcessError` from tracking."""
    platform = rig.platform
    with connect(platform.tenancy, platform.certificates) as tenancy:
        keys = dict(tenancy.create(_company(number)) for number in range(COMPANIES))
    seeds = [
        {
            "company_id": company_id,
            "time_zone": "UTC",
            "admin": {"name": "Admin", "email": "admin@bench.example", "password": platform.secrets.owner_password},
            "employees": [],
            "history": [],
        }
        for company_id in keys
    ]
    file = rig.home.root / "bench-companies.json"
    write_private(file, json.dumps(seeds))
    subprocess.run(
        command("tracking", "seed-demo", "--file", str(file)),
        env=environment.serving(platform, "seed-demo"),
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return Crowd(sit_down(rig, list(keys)), keys)


def sit_down(rig: Rig, companies: Sequence[str]) -> tuple[Member, ...]:
    """Creates people of known companies, each with a desktop and a running session."""
    values = {"companies": companies, "people": PEOPLE_EACH, "days": LOGGED_IN_DAYS_AGO}
    with psycopg.connect(rig.superuser_dsn("tracking")) as connection:
        connection.execute(PEOPLE, values)
        return tuple(connection.cursor(row_factory=class_row(Member)).execute(MEMBERS, values).fetchall())


def _company(number: int) -> Company:
    return Company(
        name=f"Bench {number}",
        plan="PRO",
        time_zone="UTC",
        domain=f"bench-{number}.example",
        contact="Nobody",
        story="new",
    )
