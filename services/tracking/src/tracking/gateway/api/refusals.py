"""Every refusal of the native API and how an agent reacts to it: one table for code, description and documents."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from servicekit.problems import MEDIA_TYPE, title_of
from tracking.screenshots.rules import MISPLACED

PICTURE_TIMES = tuple(reason.name.lower() for reason in MISPLACED)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Kinds of one status that require the same reaction; `then` is an instruction to the agent's programmer."""

    status: int
    kinds: tuple[str, ...]
    then: str


REFUSALS: Sequence[Refusal] = (
    Refusal(400, ("invalid_input",), "do not send this request again as it is; `detail` names what is wrong with it"),
    Refusal(401, ("key_missing", "key_invalid"), "ask for the company's key; keep what is recorded"),
    Refusal(401, ("not_authenticated",), "enrol the device again; keep what is recorded"),
    Refusal(401, ("wrong_credentials",), "ask the person for e-mail and password again; enrolled devices go on"),
    Refusal(
        403,
        ("company_suspended", "company_expired"),
        "stop recording until a call succeeds; keep what is recorded and send it then",
    ),
    Refusal(403, ("forbidden",), "the person's account is inactive: only the company's admin can change that"),
    Refusal(404, ("not_found",), "drop the request: there is no such call, task or session of this person"),
    Refusal(405, ("method_not_allowed",), "use a method that the `Allow` header or the description lists"),
    Refusal(
        408, ("too_slow",), "send the same request again: it did not arrive in time, and the connection was closed"
    ),
    Refusal(
        409,
        ("conflict", "refused"),
        "drop the request: the present state forbids it (screenshots switched off, no storage left, a deleted session)",
    ),
    Refusal(413, ("too_large",), "split the batch and send each part; a single screenshot must be made smaller"),
    Refusal(415, ("unsupported_encoding",), "send the body as it is, or compressed with gzip or zstd"),
    Refusal(422, ("unfit_picture", *PICTURE_TIMES), "drop this screenshot: it will never be taken"),
    Refusal(429, ("rate_limited",), "send the same request again after `Retry-After` seconds"),
    Refusal(500, ("internal",), "send the same request again, waiting longer each time; so too without an answer"),
    Refusal(503, ("unavailable",), "send the same request again after `Retry-After` seconds; nothing is lost"),
)

# Statuses that any call may return, and those that some calls may return in addition.
EVERYWHERE = frozenset({400, 401, 403, 408, 413, 429, 500, 503})
ALSO: Mapping[tuple[str, str], frozenset[int]] = {
    ("/v1/sync", "post"): frozenset({415}),
    ("/v1/screenshots/{screenshot_id}", "put"): frozenset({404, 409, 422}),
    ("/v1/tasks/{number}", "patch"): frozenset({404}),
}


def kinds() -> list[str]:
    """All kinds, each once."""
    return [kind for refusal in REFUSALS for kind in refusal.kinds]


def component(status: int) -> str:
    """The name of the status among the description's components."""
    return "".join(word.capitalize() for word in HTTPStatus(status).phrase.split())


def meaning(status: int) -> str:
    """The required reactions to the status, by kind, one sentence each."""
    found = [refusal for refusal in REFUSALS if refusal.status == status]
    return "\n".join(f"{_named(refusal)}: {refusal.then}." for refusal in found)


def table() -> list[str]:
    """The rows of the table in docs/protocol.md."""
    return [f"| {refusal.status} | {_named(refusal)} | {refusal.then} |" for refusal in REFUSALS]


def _named(refusal: Refusal) -> str:
    return ", ".join(f"`{kind}`" for kind in refusal.kinds)


SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "description": "A refusal, as RFC 9457 has it.",
    "required": ["type", "title", "status", "kind", "detail"],
    "properties": {
        "type": {"type": "string", "const": "about:blank"},
        "title": {"type": "string", "description": "the kind in words"},
        "status": {"type": "integer", "description": "the same as the response's"},
        "kind": {"type": "string", "enum": kinds(), "description": "for programs"},
        "detail": {"type": "string", "description": "what is wrong, and what to do about it"},
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


def responses() -> dict[str, Any]:
    """The refusals for the description's components."""
    statuses = EVERYWHERE.union(*ALSO.values())
    return {component(status): _response(status) for status in sorted(statuses)}


def _response(status: int) -> dict[str, Any]:
    first = next(row.kinds[0] for row in REFUSALS if row.status == status)
    example = {"type": "about:blank", "title": title_of(first), "status": status, "kind": first, "detail": "…"}
    schema = {"$ref": "#/components/schemas/Problem"}
    response: dict[str, Any] = {
        "description": meaning(status),
        "content": {MEDIA_TYPE: {"schema": schema, "example": example}},
    }
    headers = {
        401: {"WWW-Authenticate": {"description": "what is missing", "schema": {"type": "string"}}},
        429: {"Retry-After": _SECONDS},
        503: {"Retry-After": _SECONDS},
    }
    return response | ({"headers": headers[status]} if status in headers else {})


_SECONDS = {"description": "seconds", "schema": {"type": "integer", "minimum": 1}}
