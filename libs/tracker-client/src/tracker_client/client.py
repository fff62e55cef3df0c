"""The desktop tracker's calls, in the exact form that the tracker uses."""

import base64
import json
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, Self

import httpx

from tracker_client.rows import Screenshot, Upload, stamp

TIMEOUT_SECONDS = 30.0  # for log-in, sessions, uploads, screenshots
POLL_TIMEOUT_SECONDS = 5.0  # for polls, tasks and the probe


def open_http(*, keep_alive: bool = False) -> httpx.AsyncClient:
    """Opens a client that several `TrackerClient`s may share; without `keep_alive`, each call opens a connection."""
    return httpx.AsyncClient(
        headers={"User-Agent": "python-requests/2.32.5", "Accept": "*/*", "Accept-Encoding": "gzip, deflate"},
        limits=httpx.Limits(max_connections=None, max_keepalive_connections=None if keep_alive else 0),
        follow_redirects=True,
        trust_env=False,
    )


@dataclass(frozen=True, slots=True)
class Reply:
    """A response: its HTTP status and its JSON (None if it was not JSON)."""

    code: int
    body: Any

    @property
    def fields(self) -> dict[str, Any]:
        """The JSON object; empty if the response was none."""
        return self.body if isinstance(self.body, dict) else {}

    @property
    def ok(self) -> bool:
        """Whether the response is a 200 with `status: true`."""
        return self.code == 200 and self.fields.get("status") is True

    @property
    def ended(self) -> bool:
        """Whether the response is a 200 with `status: false`, the only one that stops a tracking desktop."""
        return self.code == 200 and self.fields.get("status") is False


@dataclass(frozen=True, slots=True)
class Account:
    """The signed-in account, as the log-in returned it."""

    id: int
    company_id: int
    token: str


class TrackerClient:
    """One company's tracker: `base_url` ends in /api; a `company_key` of None sends no key.

    Every method returns the response regardless of its status, and raises `httpx.RequestError` if there is none.
    """

    def __init__(
        self,
        base_url: str,
        company_key: str | None,
        *,
        keep_alive: bool = False,
        http: httpx.AsyncClient | None = None,
    ) -> None:
        if not base_url.endswith("/api"):
            raise ValueError(f"The tracker's server address must end in /api, not {base_url!r}")
        self._base_url = base_url
        self._headers = {"Content-Type": "application/json"}
        if company_key is not None:
            self._headers["X-Company-Key"] = company_key
        self._owns_http = http is None
        self._http = http or open_http(keep_alive=keep_alive)

    async def login(self, email: str, password: str) -> Reply:
        """Requests a token."""
        return await self.post("login", {"email": email, "password": password})

    async def login_check(self, account: Account) -> Reply:
        """Asks, as older builds do, whether the token is still valid."""
        return await self.post("login-check", {"id": account.id, "token": account.token})

    async def create_session(self, account: Account, started_at: datetime) -> Reply:
        """Begins a work session; this call sends ids as strings."""
        body = {
            "employee_id": str(account.id),
            "company_id": str(account.company_id),
            "active_token": account.token,
            "session_start": stamp(started_at),
        }
        return await self.post("work-session/create", body)

    async def stop_session(self, account: Account, session_id: int | str, ended_at: datetime) -> Reply:
        """Ends a work session; its id is sent in the type in which it was received."""
        body = {
            "employee_id": str(account.id),
            "session_id": session_id,
            "active_token": account.token,
            "session_end": stamp(ended_at),
        }
        return await self.post("work-session/stop", body)

    async def check_session_active(self, account: Account, session_id: int | str) -> Reply:
        """Asks whether to continue tracking."""
        body = {"session_id": session_id, "employee_id": account.id, "active_token": account.token}
        return await self.post("check-session-active", body, time_out=POLL_TIMEOUT_SECONDS)

    async def upload_activity(self, account: Account, session_id: int | str, rows: Upload) -> Reply:
        """Posts all local rows under a session's id."""
        ids = {"employee_id": account.id, "company_id": account.company_id, "active_token": account.token}
        return await self.post("upload/employee-activity", {**ids, "work_session_id": session_id, **rows.to_wire()})

    async def upload_screenshot(self, account: Account, screenshot: Screenshot) -> Reply:
        """Posts one capture under its session."""
        body = {
            "employee_id": account.id,
            "company_id": account.company_id,
            "work_session_id": screenshot.session_id,
            "capture_time": stamp(screenshot.captured_at),
            "photo": base64.b64encode(screenshot.png).decode(),
            "active_token": account.token,
        }
        return await self.post("screenshot/upload", body)

    async def get_tasks(self, account: Account) -> Reply:
        """Requests the employee's tasks."""
        return await self.post(
            "tasks/get", {"id": account.id, "active_token": account.token}, time_out=POLL_TIMEOUT_SECONDS
        )

    async def update_task(self, account: Account, task_id: int, status: str, *, with_token: bool = True) -> Reply:
        """Sets a task's status; one code path of the tracker omits the token."""
        body: dict[str, Any] = {"task_id": task_id, "status": status, "id": account.id}
        if with_token:
            body["active_token"] = account.token
        return await self.post("tasks/update", body, time_out=POLL_TIMEOUT_SECONDS)

    async def employee_config(self, account: Account) -> Reply:
        """Requests the configuration."""
        headers = {**self._headers, "Authorization": f"Token {account.token}"}
        address = f"{self._base_url}/employee-config/"
        return _reply(await self._http.get(address, headers=headers, timeout=POLL_TIMEOUT_SECONDS))

    async def probe(self) -> Reply:
        """Sends GET / without key and token, as before each upload; any response counts."""
        return _reply(await self._http.get(f"{self._base_url.removesuffix('/api')}/", timeout=POLL_TIMEOUT_SECONDS))

    async def post(self, path: str, body: Any, *, time_out: float = TIMEOUT_SECONDS) -> Reply:
        """Posts any JSON to a path below /api."""
        content = json.dumps(body).encode()
        address = f"{self._base_url}/{path}"
        return _reply(await self._http.post(address, content=content, headers=self._headers, timeout=time_out))

    async def aclose(self) -> None:
        """Closes the connections, unless they are shared."""
        if self._owns_http:
            await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


def _reply(response: httpx.Response) -> Reply:
    try:
        body = response.json()
    except ValueError:
        body = None
    return Reply(response.status_code, body)
