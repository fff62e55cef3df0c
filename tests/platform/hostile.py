"""Damaged and malicious requests, as bytes for a connection."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from urllib.parse import quote

ODD = [b"\x00", b"\xff\xfe", b"%00", b"\r\n", b" ", b"\t", b"[" * 500, b"9" * 400, b"-1", b"null", b'"', b"a" * 5_000]
FIELDS = [
    b"Host: other",
    b"X-Company-Key: company_" + b"0" * 32,
    b"Transfer-Encoding: chunked",
    b"Transfer-Encoding: gzip, chunked",
    b"Content-Length: 5",
    b"Content-Length: -1",
    b"Content-Length: 99999999999999999999999",
    b"Content-Encoding: gzip",
    b"Content-Encoding: zstd",
    b"Content-Type: multipart/form-data; boundary=x",
    b"Content-Type: application/x-www-form-urlencoded",
    b"Expect: 100-continue",
    b"Connection: upgrade\r\nUpgrade: h2c",
    b"Cookie: workspace=0.0",
    b"X-Forwarded-For: \xff",
    b"X-Filler: " + b"a" * 20_000,
    b"a: b\r\n" * 120 + b"a: b",
    b" folded",
    b"No colon",
]


@dataclass(frozen=True)
class Template:
    """Returns a valid request. `door` is host:port."""

    door: str
    method: str
    path: str
    headers: dict[str, str]
    body: bytes = b""


def mutated(template: Template, random: Random) -> list[bytes]:
    """Returns the pieces in which a request is sent, each shortly after the previous one."""
    body = damaged(template.body, random) if random.random() < 0.6 else template.body
    path = template.path
    if random.random() < 0.2:
        path += random.choice(["?", "&", "/"]) + quote(random.choice(ODD).decode("latin-1"))[:3_000]
    lines = [f"{template.method} {path} HTTP/1.1".encode(), b"Host: " + template.door.encode()]
    lines += [f"{name}: {value}".encode("latin-1") for name, value in template.headers.items()]
    if random.random() < 0.3:
        lines.insert(random.randint(1, len(lines)), random.choice(FIELDS))
    if random.random() < 0.25:
        lines.append(b"Transfer-Encoding: chunked")
        body = chunked(body, random)
    elif body or template.method != "GET":
        lines.append(b"Content-Length: %d" % len(body))
    head = b"\r\n".join(lines) + b"\r\n\r\n"
    if random.random() < 0.2:
        head = damaged(head, random)
    whole = head + body
    if random.random() < 0.2:
        whole = whole[: random.randrange(len(whole) + 1)]  # the rest never arrives
    if random.random() < 0.05:
        whole += whole
    return cut(whole, random)


def damaged(data: bytes, random: Random) -> bytes:
    """Changes, removes, repeats or inserts bytes."""
    changed = bytearray(data)
    for _ in range(random.randint(1, 3)):
        start = random.randrange(len(changed) + 1)
        end = min(len(changed), start + random.choice([1, 1, 4, 32]))
        match random.randrange(4):
            case 0:
                del changed[start:end]
            case 1:
                changed[start:start] = changed[start:end] * 3
            case 2:
                changed[start:end] = random.choice(ODD)
            case _:
                changed[start:end] = bytes(byte ^ 1 << random.randrange(8) for byte in changed[start:end])
    return bytes(changed)


def chunked(body: bytes, random: Random) -> bytes:
    """Returns the body in chunks, some with extensions, some with a wrong size, sometimes with trailers."""
    parts = []
    for piece in cut(body, random):
        size = len(piece) + (random.choice([-1, 1, 10**6]) if random.random() < 0.05 else 0)
        extension = b";" + b"e" * random.choice([1, 50, 40_000]) if random.random() < 0.2 else b""
        parts.append(b"%x%b\r\n%b\r\n" % (max(size, 0), extension, piece))
    trailers = b"X-Company-Key: x\r\n" * random.choice([0, 0, 0, 1, 500])
    return b"".join([*parts, b"0\r\n", trailers, b"\r\n"])


def cut(data: bytes, random: Random) -> list[bytes]:
    """Splits the request into one to four pieces."""
    places = sorted(random.randrange(len(data) + 1) for _ in range(random.choice([0, 0, 1, 3])))
    return [data[start:end] for start, end in zip([0, *places], [*places, len(data)], strict=True)]


def json_body(body: object) -> bytes:
    """Encodes the request like a client."""
    return json.dumps(body).encode()


def status_of(answer: bytes) -> int:
    """Returns the status of the first response; 0 if there is none."""
    found: Sequence[bytes] = answer.split(b" ", 2)
    return int(found[1]) if len(found) > 1 and found[0].startswith(b"HTTP/1.") and found[1][:3].isdigit() else 0
