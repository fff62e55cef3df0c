"""The description of everything that the gateway answers: OpenAPI, at `/v1/openapi.json`, open to anybody."""

import json
from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from tracking.api.desktop.description import SCHEMAS, paths
from tracking.api.native import messages, problems, sync

PATH = "/v1/openapi.json"
_REFERENCE = "#/components/schemas/{name}"
_ABOUT = """\
`/v1` is for new agents, `/api` for the desktop tracker that is in use. Every call carries the company's key; the calls
of a device carry its credential, too. 429 and 503 say with Retry-After when to try the same request again; any other
4xx is for good. A 403 of the kinds company_suspended and company_expired means: stop recording until a call succeeds.
"""


def describe(app: FastAPI) -> bytes:
    """The document: the framework's routes, `/v1/sync` and the desktop protocol."""
    document = get_openapi(title="Tenantry tracking gateway", version="1", description=_ABOUT, routes=app.routes)
    components = document["components"]
    for operations in document["paths"].values():
        for operation in operations.values():
            # The framework lists what is needed as alternatives.
            operation["security"] = [{name: [] for needed in operation["security"] for name in needed}]
    (batch, answer), schemas = msgspec.json.schema_components([messages.Sync, messages.Synced], ref_template=_REFERENCE)
    components["schemas"] |= {"Problem": problems.SCHEMA, **schemas, **SCHEMAS}
    document["paths"] |= {sync.PATH: {"post": _sync(batch, answer)}, **paths()}
    return json.dumps(document).encode()


def _sync(batch: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    return {
        "tags": ["native"],
        "summary": "Sync",
        "operationId": "sync",
        "description": "Takes a batch of records; one that is refused holds up no other. At most "
        f"{messages.MOST_RECORDS} records and {sync.LARGEST_BODY} bytes, expanded; gzip and zstd are understood.",
        "security": [{"company key": [], "device credential": []}],
        "parameters": [
            {
                "name": "Content-Encoding",
                "in": "header",
                "schema": {"type": "string", "enum": ["identity", "gzip", "zstd"]},
            }
        ],
        "requestBody": {"required": True, "content": {"application/json": {"schema": batch}}},
        "responses": {
            "200": {
                "description": "What became of each record",
                "content": {"application/json": {"schema": answer}},
            },
            **problems.RESPONSES,
        },
    }
