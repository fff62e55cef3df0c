"""The migration from days to hours of devices loses and moves no second, wherever the company's midnights lie."""

import dataclasses
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import count
from uuid import UUID

import psycopg
import pytest
from alembic import command
from alembic.config import Config

from servicekit.ids import new_id
from tenantry_ops.environment import migrating
from tenantry_ops.provision import create_database, drop_database
from tenantry_ops.topology import DATABASES
from testkit.engines import AnyPostgres
from testkit.world import World
from tracking.clock.rules.days import company_day
from tracking.clock.rules.spans import Spans, normalise
from tracking.totals.store.multiranges import from_text, to_text

numbers = count(1)
HOUR = 3600


class Tracking:
    """A database of tracking's, brought from version to version."""

    def __init__(self, url: str, superuser: str) -> None:
        self._config = Config()
        self._config.set_main_option("script_location", "tracking.db.store:migrations")
        self._config.attributes["url"] = url
        self.rows = psycopg.connect(superuser, autocommit=True)

    def bring_to(self, version: str) -> None:
        command.upgrade(self._config, version)

    def company(self, time_zone: str) -> tuple[UUID, UUID, UUID]:
        """A company, its employee and their device."""
        company, employee, device = ids = new_id(), new_id(), new_id()
        self.rows.execute("INSERT INTO company (company_id, time_zone) VALUES (%s, %s)", [company, time_zone])
        self.rows.execute(
            "INSERT INTO employee (company_id, employee_id, name, email, email_digest, role, password_hash)"
            " VALUES (%s, %s, 'Ada', 'ada@acme.example', %s, 'EMPLOYEE', '')",
            [company, employee, employee.bytes],
        )
        self.rows.execute(
            "INSERT INTO device (company_id, device_id, employee_id, token_digest, logged_in_at)"
            " VALUES (%s, %s, %s, %s, now())",
            [company, device, employee, device.bytes],
        )
        return ids

    def keep_day(self, ids: tuple[UUID, UUID, UUID], day: date, *sets: Spans) -> None:
        company, employee, device = ids
        self.rows.execute(
            "INSERT INTO device_day (company_id, employee_id, day, device_id, active, idle, deleted)"
            " VALUES (%s, %s, %s, %s, %s::int4multirange, %s::int4multirange, %s::int4multirange)",
            [company, employee, day, device, *map(to_text, sets)],
        )

    def hours(self, ids: tuple[UUID, UUID, UUID]) -> dict[str, Spans]:
        """The seconds of the device in Unix time; each kept hour has some of them, and its own alone."""
        found: dict[str, Spans] = {"active": [], "idle": [], "deleted": []}
        query = "SELECT hour, active::text, idle::text, deleted::text FROM device_hour WHERE device_id = %s"
        for hour, *sets in self.rows.execute(query, [ids[2]]):
            assert any(seconds != "{}" for seconds in sets)
            for name, seconds in zip(found, sets, strict=True):
                found[name] += from_text(seconds, hour * HOUR)
        return {name: normalise(spans) for name, spans in found.items()}


@pytest.fixture
def tracking(postgres_engine: AnyPostgres, world: World) -> Iterator[Tracking]:
    """As it was before."""
    name = f"tracking_migrated_{next(numbers)}"
    create_database(postgres_engine.dsn(), DATABASES["tracking"], name)
    platform = dataclasses.replace(world.platform, databases={"tracking": name})
    url = migrating(platform, "tracking")["TRACKING_MIGRATION_DATABASE_URL"]
    tracking = Tracking(url, postgres_engine.dsn(name))
    tracking.bring_to("0012")
    yield tracking
    tracking.rows.close()
    drop_database(postgres_engine.dsn(), name)


ZONES = ["UTC", "Europe/Berlin", "Asia/Kolkata", "America/Havana", "Africa/Cairo", "Australia/Lord_Howe"]


@pytest.mark.parametrize("zone", ZONES)
def test_every_second_stays_where_it_was(tracking: Tracking, zone: str) -> None:
    """Over days on which clocks change, in Havana from one o'clock to midnight, and in Cairo at midnight."""
    ids, sets = tracking.company(zone), ("active", "idle", "deleted")
    kept: dict[str, Spans] = {name: [] for name in sets}
    firsts = [date(2026, month, day) for month, day in ((3, 7), (4, 4), (4, 23), (10, 24), (10, 31))]
    days = [first + timedelta(days=number) for first in firsts for number in range(2)]
    for day in days:
        bounds = company_day(day, zone)
        length = bounds.end - bounds.start
        active, idle = [(0, 600), (5000, 12_000), (length - 1700, length)], [(600, 2000), (12_000, 12_001)]
        deleted = [(1000, 9000)]
        tracking.keep_day(ids, day, active, idle, deleted)
        for name, spans in zip(sets, (active, idle, deleted), strict=True):
            kept[name] += [(bounds.start + start, bounds.start + end) for start, end in spans]
    empty = tracking.company(zone)
    tracking.keep_day(empty, days[0], [], [], [])
    tracking.bring_to("0013")
    assert tracking.hours(ids) == {name: normalise(spans) for name, spans in kept.items()}
    assert tracking.hours(empty) == {name: [] for name in sets}


def test_it_stops_where_seconds_would_be_lost(tracking: Tracking) -> None:
    """A second is in two days, as when a zone's midnight was another when one of them was counted."""
    ids = tracking.company("Europe/Berlin")
    tracking.keep_day(ids, date(2026, 3, 2), [(86_000, 87_000)], [], [])
    tracking.keep_day(ids, date(2026, 3, 3), [(0, 700)], [], [])
    with pytest.raises(RuntimeError, match=f"1 devices would have more or fewer seconds.*{ids[2]}"):
        tracking.bring_to("0013")
    assert tracking.rows.execute("SELECT count(*) FROM device_day").fetchone() == (2,)
    assert tracking.rows.execute("SELECT to_regclass('device_hour')").fetchone() == (None,)


def test_an_empty_platform_is_brought_there_too(tracking: Tracking) -> None:
    tracking.bring_to("0013")
    assert tracking.rows.execute("SELECT count(*) FROM device_hour").fetchone() == (0,)
    assert tracking.rows.execute("SELECT to_regclass('device_day')").fetchone() == (None,)
