"""The endpoints of the desktop protocol."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto

from tracking.devices.api.desktop import call_config, call_heartbeat, call_policy
from tracking.gateway.api.context import Gateway
from tracking.ingest.api.desktop import MAX_UPLOAD_BYTES, call_large_upload, call_upload
from tracking.protocols.calls import Call
from tracking.protocols.desktop import Reply, no, ok
from tracking.screenshots.api.desktop import MAX_SCREENSHOT_BYTES, call_large_screenshot, call_screenshot
from tracking.sessions.api import call_create, call_poll, call_stop
from tracking.sign_in.api.desktop import call_login, call_login_check
from tracking.tasks.api.desktop import call_get_tasks, call_update_task


class WhenRefused(Enum):
    """How an endpoint reports a refusal; a tracker keeps tracking while its polls and stops fail."""

    FAIL = auto()  # 401 or 403: the tracker keeps its rows
    END = auto()  # 200 with status false: the poll that ends the tracking
    ACCEPT = auto()  # 200 with status true, nothing stored: a stop must not show an error


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One path of the protocol. `largest_body` is in bytes."""

    method: str
    run: Callable[[Gateway, Call], Awaitable[Reply]]
    when_refused: WhenRefused = WhenRefused.FAIL
    largest_body: int = 64 * 1024
    has_body: bool = True
    run_large: Callable[[Gateway, Call], Awaitable[Reply]] | None = None  # for a body over `SMALL_BODY`

    def refused(self, refusal: Reply) -> Reply:
        """The refusal in the form that this call needs; only refusals about the company or the token change."""
        if refusal.code not in (401, 403) or self.when_refused is WhenRefused.FAIL:
            return refusal
        message = str(refusal.body["message"])
        return no(message) if self.when_refused is WhenRefused.END else ok(message)


ENDPOINTS: Mapping[str, Endpoint] = {
    "/api/login": Endpoint("POST", call_login),
    "/api/login-check": Endpoint("POST", call_login_check),
    "/api/work-session/create": Endpoint("POST", call_create),
    "/api/work-session/stop": Endpoint("POST", call_stop, WhenRefused.ACCEPT),
    "/api/check-session-active": Endpoint("POST", call_poll, WhenRefused.END),
    "/api/upload/employee-activity": Endpoint(
        "POST", call_upload, largest_body=MAX_UPLOAD_BYTES, run_large=call_large_upload
    ),
    "/api/screenshot/upload": Endpoint(
        "POST", call_screenshot, largest_body=MAX_SCREENSHOT_BYTES, run_large=call_large_screenshot
    ),
    "/api/tasks/get": Endpoint("POST", call_get_tasks),
    "/api/tasks/update": Endpoint("POST", call_update_task),
    "/api/employee-config": Endpoint("GET", call_config, has_body=False),
    "/api/agent/heartbeat": Endpoint("POST", call_heartbeat, has_body=False),
    "/api/policy": Endpoint("GET", call_policy, has_body=False),
}
