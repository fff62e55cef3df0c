"""The OpenAPI description of both HTTP APIs, public at `/v1/openapi.json`."""

import json
from collections.abc import Iterable
from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from tracking.gateway.api import desktop_description as desktop
from tracking.gateway.api import refusals
from tracking.ingest.api import sync
from tracking.ingest.messages import sync as messages

PATH = "/v1/openapi.json"
_REFERENCE = "#/components/schemas/{name}"
_ABOUT = """\
`/v1` is for new agents, `/api` for the desktop tracker that is in use. Every call carries the company's key; the calls
of a device carry its credential, too. A refusal's status and `kind` say what to do: some ask for the same request
again, and some for the next one. A 403 of the kinds company_suspended and company_expired means: stop recording until
a call succeeds.
"""
_INFO: dict[str, Any] = {
    "title": "Tenantry tracking gateway",
    "version": "1",
    "description": _ABOUT,
    "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    "contact": {"name": "The platform's owner"},
}
_TAGS = [
    {"name": "native", "description": "New agents: numbered records, an outcome for each."},
    {"name": "desktop", "description": "The desktop tracker in use, whose protocol cannot be changed."},
]
_FRAMEWORKS = ("HTTPValidationError", "ValidationError")  # FastAPI's own refusals, which are never sent


def describe(app: FastAPI) -> bytes:
    """The document: the framework's routes, `/v1/sync` and the desktop protocol."""
    document = get_openapi(title="", version="", routes=app.routes)
    components = document["components"]
    for operations in document["paths"].values():
        for operation in operations.values():
            # FastAPI lists required schemes as alternatives.
            operation["security"] = [{name: [] for needed in operation["security"] for name in needed}]
    (batch, answer), schemas = msgspec.json.schema_components([messages.Sync, messages.Synced], ref_template=_REFERENCE)
    document["paths"][sync.PATH] = {"post": _sync(batch, answer)}
    _add_refusals(document["paths"])
    document["paths"] |= desktop.paths()
    components["schemas"] |= {"Problem": refusals.SCHEMA, **_without_defaults(schemas), **desktop.SCHEMAS}
    for name in _FRAMEWORKS:
        components["schemas"].pop(name, None)
    components["responses"] = {**refusals.responses(), **desktop.RESPONSES}
    components["securitySchemes"] |= desktop.SECURITY_SCHEMES
    # The described server is the gateway that serves the document.
    return json.dumps(document | {"info": _INFO, "servers": [{"url": "/"}], "tags": _TAGS}).encode()


def _add_refusals(paths: dict[str, Any]) -> None:
    for path, operations in paths.items():
        for method, operation in operations.items():
            also = refusals.ALSO.get((path, method), frozenset())
            kept = {status: found for status, found in operation["responses"].items() if status != "422"}
            operation["responses"] = kept | _references(refusals.EVERYWHERE | also)


def _references(statuses: Iterable[int]) -> dict[str, Any]:
    return {
        str(status): {"$ref": f"#/components/responses/{refusals.component(status)}"} for status in sorted(statuses)
    }


def _without_defaults(schema: Any) -> Any:
    """Removes defaults: generators treat a field with a default as always present."""
    if isinstance(schema, dict):
        return {name: _without_defaults(found) for name, found in schema.items() if name != "default"}
    return [_without_defaults(found) for found in schema] if isinstance(schema, list) else schema


def _sync(batch: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    return {
        "tags": ["native"],
        "summary": "Sync",
        "operationId": "sync",
        "description": "Takes a batch of records; one that is refused holds up no other. At most "
        f"{messages.MAX_RECORDS} records and {sync.MAX_BODY_BYTES} bytes, expanded; gzip and zstd are understood.",
        "security": [{"CompanyKey": [], "DeviceCredential": []}],
        "parameters": [
            {
                "name": "Content-Encoding",
                "in": "header",
                "description": "how the body is compressed; absent where it is not",
                "schema": {"type": "string", "enum": ["identity", "gzip", "zstd"]},
            }
        ],
        "requestBody": {"required": True, "content": {"application/json": {"schema": batch}}},
        "responses": {
            "200": {
                "description": "What became of each record",
                "content": {"application/json": {"schema": answer}},
            },
        },
    }
