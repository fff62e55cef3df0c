"""A simulated desktop: what the tracker records, keeps, posts and deletes, on a clock that the caller sets."""

from collections.abc import Awaitable
from datetime import datetime, timedelta

import httpx

from tracker_client.client import Account, Reply, TrackerClient
from tracker_client.config import TrackingConfig
from tracker_client.rows import ActivityKind, Screenshot, Window
from tracker_client.tables import LocalTables
from tracker_client.truth import Truth

LOGIN_FIELDS = frozenset(
    {
        "id",
        "name",
        "email",
        "company_id",
        "active_token",
        "toddays_worked_time",
        "toddays_active_time",
        "toddays_inactive_time",
        "task_note",
    }
)
MAX_SCREENSHOTS_PER_ROUND = 5


class ProcessKilled(Exception):
    """The response to a session's create or stop was JSON but not an object, which ends the real tracker's process."""


class Desktop:
    """One computer with a tracker, used by one person after another.

    `now` is the desktop's clock (aware); only `tick` moves it, and setting it makes the clock wrong. With
    `deletes_unsent`, a 200 also deletes what was recorded during the upload, as in the real tracker. Calls never raise
    an error for a refusal or a lost reply.
    """

    def __init__(self, client: TrackerClient, now: datetime, *, deletes_unsent: bool = True) -> None:
        self.client = client
        self.now = now.replace(microsecond=0)
        self.account: Account | None = None
        self.session_id: int | str | None = None
        self.config = TrackingConfig()
        self.tables = LocalTables()
        self.truth = Truth()
        self.message: str | None = None  # of the latest refusal or end of a session
        self._deletes_unsent = deletes_unsent
        self._local_session = 0
        self._window: Window | None = None
        self._segment_seconds = 0

    @property
    def tracking(self) -> bool:
        """Whether ticks are being recorded."""
        return self.session_id is not None

    async def sign_in(self, email: str, password: str) -> bool:
        """Logs in. Returns False if refused or unreachable, or if the tracker could not store the response."""
        reply = await self._ask(self.client.login(email, password))
        data = reply.fields.get("data") if reply and reply.ok else None
        if not isinstance(data, dict) or not data.keys() >= LOGIN_FIELDS or type(data["id"]) is not int:
            return False
        self.account = Account(data["id"], data["company_id"], data["active_token"])
        return True

    async def start(self) -> bool:
        """Begins a work session. Returns False if refused or unreachable. Raises ProcessKilled."""
        if self.account is None or self.tracking:
            return False
        reply = await self._ask(self.client.create_session(self.account, self.now))
        _survive(reply)
        data = reply.fields.get("data") if reply and reply.ok else None
        if not isinstance(data, dict) or "id" not in data:
            return False
        self.session_id = data["id"]
        self._local_session += 1
        return True

    def tick(self, seconds: int = 1, kind: ActivityKind = "ACTIVE", window: Window | None = None) -> None:
        """Lets `seconds` pass, recorded as ticks of `kind` if tracking. A new `window` closes the last segment."""
        start = self.now
        if window is not None and window != self._window:
            self._close_segment()
            self._window = window
        self.now += timedelta(seconds=seconds)
        if self.session_id is None or seconds <= 0:
            return
        self.tables.add_ticks(self._local_session, kind, seconds, self.now)
        self.truth.add_ticks(start, seconds, kind, self.session_id)
        if kind == "ACTIVE":
            self._segment_seconds += seconds

    async def upload(self, session_id: int | str | None = None) -> Reply | None:
        """Posts all local rows under the running session's id, or under `session_id` like a delayed thread.

        Returns None if there were no rows, no session or no response. Only a 200 deletes rows.
        """
        session_id = self.session_id if session_id is None else session_id
        if self.account is None or session_id is None or not self.tables.snapshot().count():
            return None
        if await self._ask(self.client.probe()) is None:
            return None
        posted = self.tables.snapshot()
        self.truth.add_post(posted)
        reply = await self._ask(self.client.upload_activity(self.account, session_id, posted))
        if reply and reply.code == 200:
            held = self.tables.snapshot()
            self.truth.add_acknowledgement(posted, held, all_deleted=self._deletes_unsent)
            if self._deletes_unsent:
                self.tables.clear()
            else:
                self.tables.remove(posted)
        return reply

    def capture(self, png: bytes) -> None:
        """Stores a capture of the running session, if screenshots are enabled."""
        if self.session_id is not None and self.config.screenshots_enabled:
            self.tables.screenshots.append(Screenshot(self.session_id, self.now, png))

    async def upload_screenshots(self) -> int:
        """Posts the oldest five captures and returns how many were accepted; the others stay first in the queue."""
        if self.account is None or not self.tables.screenshots or await self._ask(self.client.probe()) is None:
            return 0
        taken = []
        for screenshot in self.tables.screenshots[:MAX_SCREENSHOTS_PER_ROUND]:
            reply = await self._ask(self.client.upload_screenshot(self.account, screenshot))
            if reply and reply.ok:
                taken.append(screenshot)
        for screenshot in taken:
            self.tables.screenshots.remove(screenshot)
        return len(taken)

    async def poll_session(self) -> bool:
        """Asks whether to continue; only a 200 with `status: false` stops tracking. Returns whether it tracks."""
        if self.account is not None and self.session_id is not None:
            reply = await self._ask(self.client.check_session_active(self.account, self.session_id))
            if reply and reply.ended:
                self._end()
        return self.tracking

    async def poll_config(self) -> None:
        """Fetches the configuration, which is applied only if its version is higher."""
        if self.account is None:
            return
        reply = await self._ask(self.client.employee_config(self.account))
        config = reply.fields.get("config") if reply and reply.ok else None
        if isinstance(config, dict):
            self.config = self.config.updated(config)

    async def poll_tasks(self) -> Reply | None:
        """Fetches the tasks; like the real tracker, uses the old token after a sign-out."""
        return None if self.account is None else await self._ask(self.client.get_tasks(self.account))

    async def stop(self) -> bool:
        """Asks to end the session; tracking continues unless the response is 200 with `status: true`."""
        if self.account is None or self.session_id is None:
            return False
        reply = await self._ask(self.client.stop_session(self.account, self.session_id, self.now))
        _survive(reply)
        if reply is None or not reply.ok:
            return False
        self._end()
        return True

    def crash(self) -> None:
        """Ends the process without a stop; the local rows survive."""
        self._end()

    def _end(self) -> None:
        self.session_id = None
        self._window, self._segment_seconds = None, 0  # the last segment of a session is never stored

    def _close_segment(self) -> None:
        window, seconds, self._segment_seconds = self._window, self._segment_seconds, 0
        if window is None or not seconds:
            return
        wanted = self.config.website_tracking_enabled if window.browser else self.config.app_tracking_enabled
        if wanted:
            self.tables.add_segment(window, seconds, self.now)

    async def _ask(self, call: Awaitable[Reply]) -> Reply | None:
        try:
            reply = await call
        except httpx.RequestError:
            return None
        if not reply.ok and "message" in reply.fields:
            self.message = reply.fields["message"]
        return reply


def _survive(reply: Reply | None) -> None:
    if reply and reply.body is not None and not isinstance(reply.body, dict):
        raise ProcessKilled(f"{reply.code}: {reply.body!r}")
