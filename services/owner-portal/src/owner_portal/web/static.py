"""Styles, scripts and pictures, as built from `web/`: named by their content, so that browsers cache them permanently.

They are read once: a process keeps the build that it started with.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

STATIC = Path(str(files("owner_portal") / "static"))
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".woff2": "font/woff2"}
_ENCODINGS = {"br": ".br", "gzip": ".gz"}  # the smallest first


@dataclass(frozen=True, slots=True)
class _Build:
    """`names`: plain names to file names; `files`: contents by encoding, "" is uncompressed."""

    names: Mapping[str, str]
    files: Mapping[str, Mapping[str, bytes]]


@cache
def _build() -> _Build:
    try:
        names = json.loads((STATIC / "manifest.json").read_bytes())
    except FileNotFoundError:
        raise RuntimeError("The portal's styles and scripts are not built: run `make web`.") from None
    return _Build(names, {path.name: _variants(path) for path in STATIC.iterdir() if path.suffix in _TYPES})


def _variants(path: Path) -> dict[str, bytes]:
    copies = {encoding: Path(f"{path}{suffix}") for encoding, suffix in _ENCODINGS.items()}
    return {encoding: copy.read_bytes() for encoding, copy in ({"": path} | copies).items() if copy.is_file()}


@cache
def static_url(name: str) -> str:
    """The URL of a built file by its plain name, such as portal.css; KeyError: there is none."""
    return f"/static/{_build().names[name]}"


class Static:
    """Serves the files, each in the smallest encoding that the browser accepts."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The path after the mount is the file name; 404: there is none."""
        await _answer(scope)(scope, receive, send)


def _answer(scope: Scope) -> Response:
    if scope["method"] not in {"GET", "HEAD"}:
        raise HTTPException(405)
    name = scope["path"].removeprefix(scope["root_path"]).removeprefix("/")
    variants = _build().files.get(name)
    if variants is None:
        raise HTTPException(404)
    accepted = Headers(scope=scope).get("accept-encoding", "")
    encoding = next((one for one in _ENCODINGS if one in accepted and one in variants), "")
    headers = {"cache-control": "public, max-age=31536000, immutable", "vary": "accept-encoding"}
    if encoding:
        headers["content-encoding"] = encoding
    return Response(variants[encoding], media_type=_TYPES[Path(name).suffix], headers=headers)
