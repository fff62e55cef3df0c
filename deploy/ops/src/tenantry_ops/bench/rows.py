"""Uploads in the form of a tracker's, without equal rows and without overlapping seconds."""

import itertools
import time
from collections.abc import Iterator
from functools import lru_cache

from tenantry_ops.bench.crowd import Member
from tenantry_ops.bench.wire import request

PATH = "/api/upload/employee-activity"
APPS = ("Code Editor", "Browser", "Terminal", "Mail", "Chat", "Spreadsheet", "Meeting")
SITES = ("docs.example", "code.example", "mail.example", "wiki.example", "news.example")
ROUND_SECONDS = 10  # recorded by one ordinary upload

APPLICATION = '{"app_name":"%s","window_title":"report-%d.py - project - %s","active_seconds":%d,"created_at":"%s"}'
WEBSITE = '{"domain":"%s","url":"https://%s/path/%d?q=%d","active_seconds":%d,"created_at":"%s"}'
ACTIVITY = '{"minute_type":"%s","duration_seconds":%d,"created_at":"%s"}'
BODY = (
    '{"employee_id":%d,"company_id":%d,"active_token":"%s","work_session_id":%d,'
    '"applications":[%s],"websites":[%s],"activities":[%s]}'
)


class Uploads:
    """One member's consecutive uploads, from a past moment on."""

    _numbers = itertools.count()

    def __init__(self, member: Member, key: str, since: int) -> None:
        self._member = member
        self._headers = {"X-Company-Key": key, "Content-Type": "application/json"}
        self._clock = since

    def next(self, rows: int) -> bytes:
        """Returns the whole request of an upload of 1, or of at least 4, rows.

        30 in 100 are websites and 2 activities, the rest applications. Of single rows 15 in 100 are activities.
        """
        if rows > 1:
            websites = rows * 3 // 10
            return self._request(rows - websites - 2, websites, 2)
        kind = next(self._numbers) % 20
        return self._request(int(kind < 12), int(12 <= kind < 17), int(kind >= 17))

    def _request(self, applications: int, websites: int, activities: int) -> bytes:
        # More rows than a round has stand for an outage and therefore record a longer time.
        spent = ROUND_SECONDS * max(1, (applications + websites) // 4)
        started, self._clock = self._clock, self._clock + spent
        whose = self._member
        body = BODY % (
            whose.employee_number,
            whose.company_number,
            whose.token,
            whose.session_number,
            ",".join(self._applications(applications, started, spent)),
            ",".join(self._websites(websites, started, spent)),
            ",".join(self._activities(activities, spent)),
        )
        return request("POST", PATH, self._headers, body.encode())

    def _applications(self, count: int, started: int, spent: int) -> Iterator[str]:
        for place in range(count):
            number = next(self._numbers)
            app, at = APPS[number % len(APPS)], stamp(started + spent * place // count)
            yield APPLICATION % (app, number, app, 1 + number % 9, at)

    def _websites(self, count: int, started: int, spent: int) -> Iterator[str]:
        for place in range(count):
            number = next(self._numbers)
            site, at = SITES[number % len(SITES)], stamp(started + spent * place // count)
            yield WEBSITE % (site, site, number, number % 999, 1 + number % 9, at)

    def _activities(self, count: int, spent: int) -> Iterator[str]:
        idle = spent * 3 // 10 if count == 2 else 0
        if count:
            yield ACTIVITY % ("ACTIVE", spent - idle, stamp(self._clock - idle))
        if idle:
            yield ACTIVITY % ("INACTIVE", idle, stamp(self._clock))


@lru_cache(maxsize=100_000)
def stamp(second: int) -> str:
    """Formats a Unix time like a tracker."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(second))
