"""Each call has the wire format that was recorded from the real tracker."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from testkit.recorder import Recorder
from tracker_client import Account, Reply, TrackerClient
from tracker_client.rows import ActivityRow, ApplicationRow, Screenshot, Upload, WebsiteRow

ACCOUNT = Account(id=7, company_id=3, token="token-1")
NOON = datetime(2026, 3, 2, 12, 0, 5, tzinfo=UTC)


async def test_every_call_carries_the_key_and_the_agent_and_opens_a_connection(
    recorder: Recorder, client: TrackerClient
) -> None:
    await client.login("mira@larkspur.example", "secret")
    await client.get_tasks(ACCOUNT)
    assert [request.connection for request in recorder.requests] == [1, 2]
    for request in recorder.requests:
        assert request.method == "POST"
        assert request.headers["x-company-key"] == "company_" + "0" * 32
        assert request.headers["content-type"] == "application/json"
        assert request.headers["user-agent"].startswith("python-requests/")
        assert "content-encoding" not in request.headers


async def test_connections_are_kept_when_asked(recorder: Recorder) -> None:
    async with TrackerClient(recorder.address, None, keep_alive=True) as client:
        await client.probe()
        await client.probe()
    assert [request.connection for request in recorder.requests] == [1, 1]


async def test_the_probe_goes_to_the_root_without_key_or_token(recorder: Recorder, client: TrackerClient) -> None:
    recorder.answers["/"] = (404, {})
    assert (await client.probe()).code == 404
    (request,) = recorder.requests
    assert (request.method, request.path) == ("GET", "/")
    assert "x-company-key" not in request.headers
    assert "authorization" not in request.headers


async def test_log_in_and_its_check(recorder: Recorder, client: TrackerClient) -> None:
    assert (await client.login("mira@larkspur.example", "sécret")).ok
    await client.login_check(ACCOUNT)
    login, check = recorder.requests
    assert login.raw == b'{"email": "mira@larkspur.example", "password": "s\\u00e9cret"}'
    assert (check.path, check.json) == ("/api/login-check", {"id": 7, "token": "token-1"})


async def test_sessions_begin_and_end_with_ids_as_strings(recorder: Recorder, client: TrackerClient) -> None:
    await client.create_session(ACCOUNT, NOON.astimezone(timezone(timedelta(hours=5, minutes=30))))
    await client.stop_session(ACCOUNT, 41, NOON)
    create, stop = recorder.requests
    assert create.path == "/api/work-session/create"
    assert create.json == {
        "employee_id": "7",
        "company_id": "3",
        "active_token": "token-1",
        "session_start": "2026-03-02 12:00:05",
    }
    assert stop.path == "/api/work-session/stop"
    assert stop.json == {
        "employee_id": "7",
        "session_id": 41,
        "active_token": "token-1",
        "session_end": "2026-03-02 12:00:05",
    }


async def test_polls_send_ids_as_integers(recorder: Recorder, client: TrackerClient) -> None:
    await client.check_session_active(ACCOUNT, 41)
    await client.get_tasks(ACCOUNT)
    await client.employee_config(ACCOUNT)
    check, tasks, config = recorder.requests
    assert check.path == "/api/check-session-active"
    assert check.json == {"session_id": 41, "employee_id": 7, "active_token": "token-1"}
    assert (tasks.path, tasks.json) == ("/api/tasks/get", {"id": 7, "active_token": "token-1"})
    assert (config.method, config.path, config.raw) == ("GET", "/api/employee-config/", b"")
    assert config.headers["authorization"] == "Token token-1"


async def test_a_task_is_updated_with_and_without_the_token(recorder: Recorder, client: TrackerClient) -> None:
    await client.update_task(ACCOUNT, 5, "DONE")
    await client.update_task(ACCOUNT, 5, "DONE", with_token=False)
    first, second = recorder.to("/api/tasks/update")
    assert first.json == {"task_id": 5, "status": "DONE", "id": 7, "active_token": "token-1"}
    assert second.json == {"task_id": 5, "status": "DONE", "id": 7}


async def test_an_upload_has_three_lists_of_rows(recorder: Recorder, client: TrackerClient) -> None:
    rows = Upload(
        (ApplicationRow("Editor", "notes.md", 60, NOON),),
        (WebsiteRow("docs.example", None, 30, NOON),),
        (ActivityRow(1, "INACTIVE", 10, NOON),),
    )
    await client.upload_activity(ACCOUNT, 41, rows)
    (request,) = recorder.to("/api/upload/employee-activity")
    at = "2026-03-02 12:00:05"
    assert request.json == {
        "employee_id": 7,
        "company_id": 3,
        "active_token": "token-1",
        "work_session_id": 41,
        "applications": [
            {"app_name": "Editor", "window_title": "notes.md", "active_seconds": 60, "created_at": at},
        ],
        "websites": [{"domain": "docs.example", "url": None, "active_seconds": 30, "created_at": at}],
        "activities": [{"minute_type": "INACTIVE", "duration_seconds": 10, "created_at": at}],
    }


async def test_a_screenshot_is_a_bare_base64_png(recorder: Recorder, client: TrackerClient) -> None:
    await client.upload_screenshot(ACCOUNT, Screenshot(41, NOON, b"\x89PNG"))
    (request,) = recorder.to("/api/screenshot/upload")
    assert request.json == {
        "employee_id": 7,
        "company_id": 3,
        "work_session_id": 41,
        "capture_time": "2026-03-02 12:00:05",
        "photo": "iVBORw==",
        "active_token": "token-1",
    }


async def test_a_key_can_be_missing(recorder: Recorder) -> None:
    async with TrackerClient(recorder.address, None) as client:
        await client.login("mira@larkspur.example", "secret")
    assert "x-company-key" not in recorder.requests[0].headers


async def test_an_address_must_end_in_api() -> None:
    with pytest.raises(ValueError, match="must end in /api"):
        TrackerClient("http://gateway.example", None)


@pytest.mark.parametrize(
    ("code", "body", "ok", "ended"),
    [
        (200, {"status": True}, True, False),
        (200, {"status": False}, False, True),
        (201, {"status": True}, False, False),
        (403, {"status": False}, False, False),
        (200, [], False, False),
        (502, None, False, False),
    ],
)
async def test_the_meaning_of_a_response(code: int, body: object, ok: bool, ended: bool) -> None:
    reply = Reply(code, body)
    assert (reply.ok, reply.ended) == (ok, ended)
