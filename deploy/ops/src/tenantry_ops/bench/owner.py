"""A simulated browser of an owner."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx

from tenantry_ops.environment import Platform


class Owner:
    """A session of the portal. Raises httpx.HTTPStatusError if the portal refuses."""

    def __init__(self, http: httpx.AsyncClient, csrf_token: str) -> None:
        self._http = http
        self._headers = {"X-CSRF-Token": csrf_token, "Accept": "application/json"}

    async def suspend(self, company_id: str) -> None:
        """Clicks; returns when the portal has answered."""
        await self._act(company_id, "suspend")

    async def reactivate(self, company_id: str) -> None:
        """Clicks; returns when the portal has answered."""
        await self._act(company_id, "reactivate")

    async def events(self, company_ids: Sequence[str]) -> AsyncIterator[dict[str, Any]]:
        """Yields the events for an open page with these companies."""
        parameters = {"ids": ",".join(company_ids)}
        async with self._http.stream("GET", "/owner/events/", params=parameters, timeout=None) as response:
            response.raise_for_status()
            async for line in response.aiter_lines():
                if line.startswith("data: "):
                    yield json.loads(line.removeprefix("data: "))

    async def page(self, path: str) -> int:
        """Opens a page like a browser; returns its bytes as transferred."""
        response = await self._http.get(path, headers={"Accept": "text/html"})
        response.raise_for_status()
        return response.num_bytes_downloaded

    async def _act(self, company_id: str, action: str) -> None:
        path = f"/owner/company/{company_id}/{action}/"
        response = await self._http.post(path, json={"reason": "benchmark"}, headers=self._headers)
        response.raise_for_status()


@asynccontextmanager
async def signed_in(platform: Platform) -> AsyncIterator[Owner]:
    """Signs in with the platform's own owner account."""
    account = {"email": platform.secrets.owner_email, "password": platform.secrets.owner_password}
    async with httpx.AsyncClient(base_url=f"http://{platform.portal}", timeout=30, trust_env=False) as http:
        response = await http.post("/owner/login/", json=account, headers={"Accept": "application/json"})
        response.raise_for_status()
        yield Owner(http, response.json()["csrf_token"])
