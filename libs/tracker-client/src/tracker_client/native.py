"""A simulated agent of the native protocol, which keeps each record until it has received its outcome."""

import gzip
import json
import uuid
from datetime import datetime
from typing import Any

import httpx

TIMEOUT_SECONDS = 30.0
MAX_BATCH_RECORDS = 1_000


class NativeAgent:
    """One device of one person; `base_url` ends in /v1.

    `outbox` contains the records without an outcome, by id. Every call returns the response, or raises
    `httpx.RequestError` if there is none.
    """

    def __init__(self, base_url: str, company_key: str, http: httpx.AsyncClient) -> None:
        self._base_url = base_url
        self._http = http
        self.headers = {"X-Company-Key": company_key}
        self.outbox: dict[str, dict[str, Any]] = {}
        self.session_id: str | None = None
        self.results: list[dict[str, Any]] = []  # of the latest batch

    async def enrol(self, email: str, password: str, name: str = "Laptop") -> httpx.Response:
        """Requests a credential and stores it."""
        answer = await self.call("POST", "devices", json={"email": email, "password": password, "name": name})
        if answer.status_code == 201:
            self.headers["Authorization"] = f"Bearer {answer.json()['credential']}"
        return answer

    def start(self, at: datetime) -> str:
        """Begins a session."""
        self.session_id = self.record("session_start", at=at)
        return self.session_id

    def stop(self, at: datetime) -> None:
        """Ends the session."""
        self.record("session_end", session_id=self.session_id, at=at)
        self.session_id = None

    def record(self, kind: str, /, **fields: Any) -> str:
        """Stores a record to be sent and returns its id."""
        times = {name: value.isoformat() for name, value in fields.items() if isinstance(value, datetime)}
        record_id = str(uuid.uuid4())
        self.outbox[record_id] = {"type": kind, "id": record_id, **fields, **times}
        return record_id

    async def sync(self, now: datetime) -> httpx.Response:
        """Sends the stored records, oldest first, and deletes those with an outcome."""
        batch = {"sent_at": now.isoformat(), "records": list(self.outbox.values())[:MAX_BATCH_RECORDS]}
        if self.session_id is not None:
            batch["session_id"] = self.session_id
        content = gzip.compress(json.dumps(batch).encode())
        answer = await self.call("POST", "sync", content=content, headers={"Content-Encoding": "gzip"})
        if answer.status_code == 200:
            self.results = answer.json()["results"]
            for result in self.results:
                self.outbox.pop(result["id"], None)
        return answer

    async def put_screenshot(
        self, screenshot_id: str, image: bytes, *, session_id: str, captured_at: datetime, now: datetime
    ) -> httpx.Response:
        """Sends one screenshot."""
        about = {"session_id": session_id, "captured_at": captured_at.isoformat(), "sent_at": now.isoformat()}
        return await self.call("PUT", f"screenshots/{screenshot_id}", content=image, params=about)

    async def config(self, version: int = 0, wait: float = 0) -> httpx.Response:
        """Requests a configuration newer than `version`, for up to `wait` seconds."""
        return await self.call("GET", "config", params={"version": version, "wait": wait})

    async def call(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Makes any call below /v1."""
        headers = self.headers | options.pop("headers", {})
        address = f"{self._base_url}/{path}"
        return await self._http.request(method, address, headers=headers, timeout=TIMEOUT_SECONDS * 2, **options)
