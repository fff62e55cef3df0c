"""Tasks in the desktop protocol belong to the token's person, whatever the body says; calls of other builds."""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from typing import Any

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from services.tracking.tests.fixtures.gateway import Seat, Sit
from services.tracking.tests.fixtures.platform import NewTenant, ReadRows
from tracking.tasks.use_cases.tasks import assign_task

FIELDS = {"id", "title", "description", "status", "due_date", "assigned_by", "created_at", "completed_at"}
SIGN_IN = (401, {"status": False, "message": "Your sign-in is no longer valid; sign in again"})
NO_SUCH_TASK = (404, {"status": False, "message": "There is no such task"})


@pytest.fixture
def give(engine: AsyncEngine, stored: ReadRows) -> Callable[..., Awaitable[None]]:
    """`await give(seat, "title")`: an admin of the company gives the person a task."""

    async def give(seat: Seat, title: str, due: date | None = None) -> None:
        people = await stored("employee", seat.company_id)
        (admin,) = [row["employee_id"] for row in people if row["role"] == "ADMIN"]
        await assign_task(
            engine,
            seat.company_id,
            employee_number=seat.account.id,
            assigned_by=admin,
            title=title,
            description="by the end of the day",
            due_date=due,
            now=datetime.now(UTC),
        )

    return give


@pytest.fixture
async def own(new_tenant: NewTenant, sit: Sit) -> Seat:
    return await sit(await new_tenant(people=2))


async def tasks_of(seat: Seat) -> list[Any]:
    reply = await seat.tracker.get_tasks(seat.account)
    assert reply.ok
    tasks: list[Any] = reply.fields["data"]
    return tasks


async def test_a_person_without_tasks(own: Seat) -> None:
    assert await tasks_of(own) == []


async def test_the_own_tasks_in_the_trackers_words(own: Seat, give: Callable[..., Awaitable[None]]) -> None:
    await give(own, "Write the report", date(2026, 1, 31))
    await give(own, "Send it")
    second, first = await tasks_of(own)  # the newest comes first
    assert first.keys() == FIELDS
    assert type(first["id"]) is int
    assert first["id"] > 0
    assert (first["title"], first["description"]) == ("Write the report", "by the end of the day")
    assert (first["status"], first["due_date"], first["assigned_by"]) == ("OPEN", "2026-01-31", "Ada")
    assert datetime.fromisoformat(first["created_at"]).tzinfo is not None
    assert (second["due_date"], second["completed_at"]) == (None, None)


async def test_from_open_to_done_and_back(own: Seat, give: Callable[..., Awaitable[None]]) -> None:
    await give(own, "Write")
    (task,) = await tasks_of(own)
    for status in ("IN_PROGRESS", "DONE", "DONE", "OPEN"):
        reply = await own.tracker.update_task(own.account, task["id"], status)
        assert reply.ok
        data = reply.fields["data"]
        assert data.keys() == {"id", "status", "completed_at"}
        assert (data["id"], data["status"]) == (task["id"], status)
        assert (data["completed_at"] is None) == (status != "DONE")
        if status == "DONE":
            (shown,) = await tasks_of(own)
            assert shown["completed_at"] == data["completed_at"], "done again keeps the first time"


async def test_an_id_as_a_string(own: Seat, give: Callable[..., Awaitable[None]]) -> None:
    await give(own, "Write")
    (task,) = await tasks_of(own)
    body = {"task_id": str(task["id"]), "status": "DONE", "id": "1", "active_token": own.account.token}
    assert (await own.tracker.post("tasks/update", body)).ok


async def test_another_persons_tasks(
    own: Seat, sit: Sit, give: Callable[..., Awaitable[None]], new_tenant: NewTenant, stored: ReadRows
) -> None:
    await give(own, "Write")
    (task,) = await tasks_of(own)
    stranger = await sit(await new_tenant())
    people = await stored("employee", own.company_id)
    (email,) = [row["email"] for row in people if row["role"] == "EMPLOYEE" and row["number"] != own.account.id]
    login = (await own.tracker.login(email, "open sesame tonight")).fields["data"]
    for token, tracker in ((login["active_token"], own.tracker), (stranger.account.token, stranger.tracker)):
        mine = await tracker.post("tasks/get", {"id": own.account.id, "active_token": token})
        assert mine.fields["data"] == [], "the id in the body opens nothing"
        body = {"task_id": task["id"], "status": "DONE", "id": own.account.id, "active_token": token}
        reply = await tracker.post("tasks/update", body)
        assert (reply.code, reply.body) == NO_SUCH_TASK
    assert (await tasks_of(own))[0]["status"] == "OPEN"


async def test_without_a_token(own: Seat, give: Callable[..., Awaitable[None]]) -> None:
    await give(own, "Write")
    (task,) = await tasks_of(own)
    reply = await own.tracker.update_task(own.account, task["id"], "DONE", with_token=False)
    assert (reply.code, reply.body) == SIGN_IN
    tokens: tuple[Any, ...] = (None, "", 1, ["x"], {}, True)
    for token in tokens:
        reply = await own.tracker.post("tasks/get", {"id": own.account.id, "active_token": token})
        assert (reply.code, reply.body) == SIGN_IN


@pytest.mark.parametrize("fields", [{"status": "CLOSED"}, {"status": None}, {"task_id": 0}, {"task_id": "one"}])
async def test_what_no_tracker_sends(own: Seat, fields: dict[str, Any]) -> None:
    body = {"task_id": 1, "status": "DONE", "active_token": own.account.token} | fields
    reply = await own.tracker.post("tasks/update", body)
    assert (reply.code, reply.fields["status"]) == (400, False)


@pytest.fixture
def ask(gateway_client: httpx.AsyncClient, seat: Seat) -> Callable[..., Awaitable[tuple[int, dict[str, Any]]]]:
    """`await ask(method, path)` with the seat's key and token, and the texts of the answer."""

    async def ask(method: str, path: str, content: bytes | None = None) -> tuple[int, dict[str, Any]]:
        headers = {"X-Company-Key": seat.key, "Authorization": f"Token {seat.account.token}"}
        reply = await gateway_client.request(method, path, headers=headers, content=content)
        assert seat.key not in reply.text
        assert seat.account.token not in reply.text
        return reply.status_code, reply.json()

    return ask


@pytest.mark.parametrize("content", [None, b"{}", b"no JSON"])
async def test_a_heartbeat(ask: Callable[..., Awaitable[tuple[int, dict[str, Any]]]], content: bytes | None) -> None:
    code, body = await ask("POST", "/api/agent/heartbeat/", content)
    assert (code, body["status"], body["company_status"]) == (200, "ok", "ACTIVE")
    assert body.keys() == {"status", "server_time", "company_status", "message"}
    assert datetime.fromisoformat(body["server_time"]).tzinfo is not None


async def test_the_policy(ask: Callable[..., Awaitable[tuple[int, dict[str, Any]]]], seat: Seat) -> None:
    code, body = await ask("GET", "/api/policy/")
    config = (await seat.tracker.employee_config(seat.account)).fields["config"]
    assert (code, body["success"], body["policy_updated_at"]) == (200, True, config.pop("updated_at"))
    assert body["policy"] == config
