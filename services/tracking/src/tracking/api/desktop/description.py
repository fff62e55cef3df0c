"""The desktop tracker's protocol in the words of OpenAPI. It says what trackers send; more is taken than that."""

from collections.abc import Mapping
from typing import Any

from tracking.api.desktop.calls import ENDPOINTS

_TEXT = {"type": "string"}
_ID = {"type": ["integer", "string"], "description": "an integer, or the same as a string"}
_TIME = {"type": "string", "description": "UTC, YYYY-MM-DD HH:MM:SS", "examples": ["2026-01-31 09:00:00"]}
_SECONDS = {"type": "integer", "minimum": 0}
_STATUS = {"type": "string", "enum": ["OPEN", "IN_PROGRESS", "DONE"]}


def _rows(**fields: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": {"type": "object", "properties": {**fields, "created_at": _TIME}}}


_USED = {"active_seconds": _SECONDS}
_WHOSE = {"employee_id": _ID, "company_id": _ID, "active_token": _TEXT}

# What stands in the body, by path; the first names are needed.
_BODIES: Mapping[str, tuple[tuple[str, ...], Mapping[str, Any]]] = {
    "/api/login": (("email", "password"), {"email": _TEXT, "password": _TEXT}),
    "/api/login-check": (("id", "token"), {"id": _ID, "token": _TEXT}),
    "/api/work-session/create": (("active_token", "session_start"), {**_WHOSE, "session_start": _TIME}),
    "/api/work-session/stop": (
        ("active_token", "session_id", "session_end"),
        {**_WHOSE, "session_id": _ID, "session_end": _TIME},
    ),
    "/api/check-session-active": (("active_token", "session_id"), {**_WHOSE, "session_id": _ID}),
    "/api/upload/employee-activity": (
        ("active_token", "work_session_id"),
        {
            **_WHOSE,
            "work_session_id": _ID,
            "applications": _rows(app_name=_TEXT, window_title=_TEXT, **_USED),
            "websites": _rows(domain=_TEXT, url={"type": ["string", "null"]}, **_USED),
            "activities": _rows(
                minute_type={"type": "string", "enum": ["ACTIVE", "INACTIVE"]}, duration_seconds=_SECONDS
            ),
        },
    ),
    "/api/screenshot/upload": (
        ("active_token",),
        {
            **_WHOSE,
            "work_session_id": _ID,
            "capture_time": _TIME,
            "photo": {"type": "string", "description": "base64 of a PNG, JPEG or WebP"},
        },
    ),
    "/api/tasks/get": (("active_token",), {"id": _ID, "active_token": _TEXT}),
    "/api/tasks/update": (
        ("active_token", "task_id", "status"),
        {"id": _ID, "active_token": _TEXT, "task_id": _ID, "status": _STATUS},
    ),
}

SCHEMAS: Mapping[str, Any] = {
    "DesktopAnswer": {
        "type": "object",
        "required": ["status"],
        "properties": {
            "status": {"type": ["boolean", "string"], "description": "a boolean; `ok` in a heartbeat's answer"},
            "message": _TEXT,
            "data": {},
            "config": {"type": "object"},
            "policy": {"type": "object"},
        },
    }
}
_CONTENT = {"application/json": {"schema": {"$ref": "#/components/schemas/DesktopAnswer"}}}
_RESPONSES = {
    "200": {"description": "Done where `status` is true", "content": _CONTENT},
    "4XX": {"description": "Refused; what the tracker has, it keeps", "content": _CONTENT},
    "503": {"description": "Not available now: nothing is lost", "content": _CONTENT},
}


def paths() -> dict[str, Any]:
    """Every call, by its path."""
    return {path: {endpoint.method.lower(): _operation(path)} for path, endpoint in ENDPOINTS.items()}


def _operation(path: str) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "tags": ["desktop"],
        "summary": (ENDPOINTS[path].run.__doc__ or "").strip(),
        "operationId": path.removeprefix("/api/").replace("/", "_"),
        "security": [{"company key": []}],
        "responses": _RESPONSES,
    }
    if path in _BODIES:
        needed, fields = _BODIES[path]
        body = {"type": "object", "required": list(needed), "properties": fields}
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
    else:
        operation["parameters"] = [
            {"name": "Authorization", "in": "header", "required": True, "schema": {"type": "string"}}
        ]
    return operation
