"""A scripted owner, who signs in, acts on companies, and reads pages and live updates."""

import json
from collections.abc import AsyncGenerator
from typing import Any, Self

import httpx

from testkit.pages import Page


class Owner:
    """An owner with a session in `http`; create it with `sign_in`."""

    def __init__(self, http: httpx.AsyncClient, csrf_token: str) -> None:
        self.http = http
        self._csrf_token = csrf_token

    @classmethod
    async def sign_in(cls, http: httpx.AsyncClient, email: str, password: str) -> Self:
        """Opens a session. `http` has the portal's URL as its base."""
        answer = await http.post("/owner/login/", json={"email": email, "password": password})
        assert answer.status_code == 200, answer.text
        return cls(http, answer.json()["csrf_token"])

    async def act(self, path: str, **fields: str) -> httpx.Response:
        """Posts to a path below /owner/company/; returns any response."""
        return await self.post(f"/owner/company/{path}/", **fields)

    async def post(self, path: str, **fields: str) -> httpx.Response:
        """Posts to any path; returns any response."""
        headers = {"x-csrf-token": self._csrf_token, "accept": "application/json"}
        return await self.http.post(path, json=fields, headers=headers)

    async def create(self, name: str, *, plan: str = "PRO", time_zone: str = "UTC") -> tuple[str, str]:
        """Creates a company; returns its id and its key."""
        answer = await self.act("create", name=name, email="office@example.com", plan_code=plan, time_zone=time_zone)
        assert answer.status_code == 201, answer.text
        return answer.json()["company"]["id"], answer.json()["key"]

    async def suspend(self, company_id: str) -> None:
        """Suspends a company."""
        answer = await self.act(f"{company_id}/suspend", reason="the invoice is open")
        assert answer.status_code == 200, answer.text

    async def reactivate(self, company_id: str) -> None:
        """Reactivates a company."""
        answer = await self.act(f"{company_id}/reactivate")
        assert answer.status_code == 200, answer.text

    async def rotate_key(self, company_id: str) -> str:
        """Rotates a company's key and returns the new one."""
        answer = await self.act(f"{company_id}/rotate-key")
        assert answer.status_code == 200, answer.text
        return str(answer.json()["key"])

    async def page(self, path: str) -> Page:
        """Returns a page."""
        answer = await self.http.get(path, headers={"accept": "text/html"})
        assert answer.status_code == 200, answer.text
        return Page(answer.text)

    async def live(self, *company_ids: str) -> AsyncGenerator[dict[str, Any]]:
        """Yields the updates of an open dashboard; the first contains all of these companies."""
        async with self.http.stream("GET", f"/owner/events/?ids={','.join(company_ids)}") as answer:
            async for line in answer.aiter_lines():
                if line.startswith("data: "):
                    yield json.loads(line.removeprefix("data: "))

    async def row(self, company_id: str) -> dict[str, Any]:
        """Returns the company's cells of the dashboard; a number is {"value": text}, minutes are in seconds."""
        updates = self.live(company_id)
        try:
            update = await anext(updates)
            row: dict[str, Any] = update["companies"].get(company_id, {})
            return row
        finally:
            await updates.aclose()

    async def days(self, company_id: str) -> dict[str, dict[str, Any]]:
        """Returns the days of the company's page by date."""
        answer = await self.http.get(f"/owner/company/{company_id}/", headers={"accept": "application/json"})
        assert answer.status_code == 200, answer.text
        return {day["day"]: day for day in answer.json()["days"]}
