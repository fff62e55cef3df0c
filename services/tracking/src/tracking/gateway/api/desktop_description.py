"""The desktop protocol in OpenAPI. It describes what trackers send; the gateway accepts more than that."""

from collections.abc import Mapping
from typing import Any

from tracking.gateway.api.endpoints import ENDPOINTS

_TEXT = {"type": "string"}
_ID = {"type": ["integer", "string"], "description": "an integer, or the same as a string"}
_TIME = {"type": "string", "description": "UTC, YYYY-MM-DD HH:MM:SS", "examples": ["2026-01-31 09:00:00"]}
_SECONDS = {"type": "integer", "minimum": 0}
_STATUS = {"type": "string", "enum": ["OPEN", "IN_PROGRESS", "DONE"]}


def _rows(**fields: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": {"type": "object", "properties": {**fields, "created_at": _TIME}}}


_USED = {"active_seconds": _SECONDS}
_WHOSE = {"employee_id": _ID, "company_id": _ID, "active_token": _TEXT}

# Body fields by path; the names in the tuple are required.
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
_RETRY = {"Retry-After": {"description": "seconds", "schema": {"type": "integer", "minimum": 1}}}
_CHALLENGE = {"WWW-Authenticate": {"description": "what is missing", "schema": {"type": "string"}}}
# After any refusal the tracker keeps its rows and repeats the request.
_REFUSALS: Mapping[int, tuple[str, str, Mapping[str, Any]]] = {
    400: ("DesktopBadRequest", "The request is not as documented: `message` names what is wrong with it", {}),
    401: ("DesktopUnauthorized", "Company key, token or log-in is missing, wrong or has ended", _CHALLENGE),
    403: (
        "DesktopForbidden",
        "The company is suspended or its access is over, or the account is inactive",
        {},
    ),
    404: ("DesktopNotFound", "There is no such session or task of this person", {}),
    413: ("DesktopTooLarge", "The body has more bytes than are taken", {}),
    429: ("DesktopRateLimited", "Too many attempts: again after `Retry-After` seconds", _RETRY),
    500: ("DesktopInternalError", "Something went wrong and was logged: again later, nothing is lost", {}),
    503: ("DesktopUnavailable", "Not available now: again after `Retry-After` seconds, nothing is lost", _RETRY),
}
RESPONSES: Mapping[str, Any] = {
    name: {"description": description, "content": _CONTENT} | ({"headers": headers} if headers else {})
    for name, description, headers in _REFUSALS.values()
}
SECURITY_SCHEMES: Mapping[str, Any] = {
    "DesktopToken": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "`Token` and the `active_token` of the log-in",
    }
}


def paths() -> dict[str, Any]:
    """Every call by its path."""
    return {path: {endpoint.method.lower(): _operation(path)} for path, endpoint in ENDPOINTS.items()}


def _operation(path: str) -> dict[str, Any]:
    said = (ENDPOINTS[path].run.__doc__ or "").strip()
    name = path.removeprefix("/api/").replace("/", "_").replace("-", "_")
    operation: dict[str, Any] = {
        "tags": ["desktop"],
        "summary": name.replace("_", " ").capitalize(),
        "description": said,
        "operationId": f"desktop_{name}",
        "security": [{"CompanyKey": []}],
        "responses": {
            "200": {"description": "Done where `status` is true", "content": _CONTENT},
            **{str(code): {"$ref": f"#/components/responses/{name}"} for code, (name, *_) in _REFUSALS.items()},
        },
    }
    if path in _BODIES:
        needed, fields = _BODIES[path]
        body = {"type": "object", "required": list(needed), "properties": fields}
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
    else:
        operation["security"] = [{"CompanyKey": [], "DesktopToken": []}]
    return operation
