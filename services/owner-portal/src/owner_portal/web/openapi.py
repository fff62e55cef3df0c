"""The OpenAPI description of what the portal offers to scripts."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from servicekit.problems import MEDIA_TYPE

PATH = "/owner/openapi.json"
WITHOUT_SESSION = frozenset({"/owner/login/", "/owner/login/code/", "/owner/invitation/"})
_FRAMEWORKS = ("HTTPValidationError", "ValidationError")  # the framework's own refusals, which are never sent
_ABOUT = """\
Every page is for browsers and scripts. A script asks with `Accept: application/json` and sends JSON or a form. It signs
in first and keeps the cookie. The `csrf_token` of the response goes into the header `X-CSRF-Token` of every request
that changes something.

An account with a second factor gets a 401 of the kind code_required and a `challenge` for the right password. The
challenge goes to /owner/login/code/ within five minutes, with a code or a recovery code.

A 403 of the kind step_up_required asks for `step_up_password`, and `step_up_code` if there is a second factor, beside
the other fields. Suspending, closing, rotating, revoking, changing a plan, cancelling and reversing a payment, the list
of owners, the second factor, the retention policy and discarding a recorded audit entry need it when the owner has not
signed in within the last minutes. A 403 of the kind second_factor_required appears where every owner has to set one up.

A request that takes the header `Idempotency-Key` may be repeated for 24 hours. It has one effect and the same
response, including a key.

A part of a page that comes from tenancy or billing is {"value", "as_of", "fresh", "problem"}. One that is not fresh
comes from the cache, as of `as_of`. A company is {"id", "name", "email", "contact_person", "phone", "address",
"time_zone", "state", "key_hint", "created_at"}; its state is ACTIVE, SUSPENDED or CLOSED.
"""
_PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "A refusal, as RFC 9457 has it.",
    "required": ["type", "title", "status", "kind", "detail"],
    "properties": {
        "type": {"type": "string", "const": "about:blank"},
        "title": {"type": "string", "description": "the kind in words"},
        "status": {"type": "integer", "description": "the same as the response's"},
        "kind": {"type": "string", "description": "for programs"},
        "detail": {"type": "string", "description": "what is wrong, and what to do about it"},
        "challenge": {"type": "string", "description": "of a sign-in that needs a code"},
        "errors": {
            "type": "array",
            "description": "the inputs concerned",
            "items": {
                "type": "object",
                "required": ["field", "detail"],
                "properties": {"field": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
    },
}
_TAGS = {
    "sign-in": ("Signing in and out, and confirming one's identity", ("login", "logout", "step-up", "invitation")),
    "dashboard": ("All companies at a glance", ("dashboard",)),
    "companies": ("One company: its details, keys, policy, subscription and money", ("company",)),
    "alerts": ("What needs attention", ("alerts",)),
    "reports": ("Companies, usage and revenue over time", ("reports",)),
    "audit-log": ("What the owners have done", ("audit-log",)),
    "retention-policy": ("How long screenshots are kept", ("retention-policy",)),
    "owners": ("The owners, and invitations of new ones", ("owners",)),
    "account": ("The account of the signed-in owner", ("account",)),
}
_TAG_OF = {path: name for name, (_words, paths) in _TAGS.items() for path in paths}
_KINDS = """\
The status and the kind say what is wrong: invalid_input 400, not_authenticated 401, forbidden 403, not_found 404,
conflict 409, refused 409, too_large 413, rate_limited 429, unavailable 503.
"""


def describe(app: FastAPI) -> dict[str, Any]:
    """The document of all routes that answer a script with JSON."""
    document = get_openapi(title="", version="", routes=app.routes)
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            _complete(path, method, operation)
    components = document.setdefault("components", {})
    schemas = {name: schema for name, schema in components.get("schemas", {}).items() if name not in _FRAMEWORKS}
    components["schemas"] = schemas | {"Problem": _PROBLEM}
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    components["responses"] = {"Problem": {"description": _KINDS, "content": content}}
    components["securitySchemes"] = {
        "session": {"type": "apiKey", "in": "cookie", "name": "__Host-tenantry-owner"},
        "form_token": {"type": "apiKey", "in": "header", "name": "X-CSRF-Token"},
    }
    info = {
        "title": "Tenantry owner portal",
        "version": "1",
        "contact": {"name": "The platform's owner"},
        "description": _ABOUT,
        "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    }
    tags = [{"name": name, "description": words} for name, (words, _paths) in _TAGS.items()]
    return document | {"info": info, "servers": [{"url": "/"}], "tags": tags}


def _complete(path: str, method: str, operation: dict[str, Any]) -> None:
    operation["tags"] = [_TAG_OF[path.split("/")[2]]]
    responses = operation["responses"]
    responses.pop("422", None)
    responses["default"] = {"$ref": "#/components/responses/Problem"}
    changes = method == "post"
    if path in WITHOUT_SESSION:
        operation["security"] = []
    else:
        operation["security"] = [{"session": [], "form_token": []} if changes else {"session": []}]
