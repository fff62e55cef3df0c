"""docs/protocol.md names every call, reason and kind, and its curl examples work as printed."""

import argparse
import re
import shlex
import uuid
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image
from sqlalchemy.ext.asyncio import AsyncEngine

from servicekit.errors import ErrorCode
from services.tracking.tests.fixtures.gateway import CountSeconds
from services.tracking.tests.fixtures.platform import ReadRows, Tenant
from tracking.gateway.api import refusals
from tracking.ingest.rules.records import Reason
from tracking.protocols import problems
from tracking.tasks.use_cases.tasks import assign_task

PAGE = Path(__file__).parents[4] / "docs/protocol.md"
ASSIGNED = re.compile(r"^(\w+)=\$\((.*)\)$", re.DOTALL)

curl = argparse.ArgumentParser("curl")
curl.add_argument("url")
curl.add_argument("-s", action="store_true")
curl.add_argument("-X", dest="method")
curl.add_argument("-H", dest="headers", action="append", default=[])
curl.add_argument("-d", dest="data")
curl.add_argument("--data-binary", dest="file")


def commands() -> list[str]:
    """The lines of the page's shell sessions, with continued lines joined."""
    blocks = re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.DOTALL)
    joined = "\n".join(blocks).replace("\\\n", " ")
    found: list[str] = []
    for line in filter(None, joined.splitlines()):
        if found and found[-1].count('"') - found[-1].count('\\"') & 1:  # in the middle of a text
            found[-1] += f"\n{line}"
        else:
            found.append(line)
    return found


class Shell:
    """As much of a shell as the page needs."""

    def __init__(self, gateway_client: httpx.AsyncClient, native_client: httpx.AsyncClient, **variables: str) -> None:
        self._clients = {"/api": gateway_client, "/v1/": native_client}
        self.variables = variables
        self._behind = timedelta(seconds=2)  # what the page sleeps; it need not be waited for
        self.asked: list[tuple[str, int]] = []

    async def run(self, line: str) -> None:
        if assigned := ASSIGNED.match(line):
            name, command = assigned.groups()
            self.variables[name] = await self._output(command)
        elif line.startswith("sleep"):
            self._behind -= timedelta(seconds=int(line.split()[1]))
        else:
            await self._output(line)

    async def _output(self, command: str) -> str:
        command = re.sub(r"\$\(uuidgen\)", lambda _: str(uuid.uuid4()), command)
        words = [re.sub(r"\$(\w+)", lambda name: self.variables[name[1]], word) for word in shlex.split(command)]
        if words[0] == "uuidgen":
            return str(uuid.uuid4())
        if words[0] == "date":
            return (datetime.now(UTC) - self._behind).strftime(words[-1][1:])
        piped = words.index("|") if "|" in words else len(words)
        reply = await self._ask(curl.parse_args(words[1:piped]))
        value: Any = reply.json() if reply.content else None
        for step in re.findall(r"\w+", words[-1]) if piped < len(words) else ():
            value = value[int(step) if step.isdecimal() else step]
        return str(value)

    async def _ask(self, options: argparse.Namespace) -> httpx.Response:
        path = options.url.removeprefix(self.variables["SERVER"])
        headers = dict(header.split(": ", 1) for header in options.headers)
        content = picture() if options.file == "@screen.png" else options.data
        method = options.method or ("POST" if content else "GET")
        reply = await self._clients[path[:4]].request(method, path, headers=headers, content=content)
        self.asked.append((f"{method} {path.partition('?')[0]}", reply.status_code))
        assert reply.is_success, (method, path, reply.text)
        return reply


def picture() -> bytes:
    file = BytesIO()
    Image.new("RGB", (64, 40)).save(file, "PNG")
    return file.getvalue()


async def test_the_sessions_work(
    own: Tenant,
    gateway_client: httpx.AsyncClient,
    native_client: httpx.AsyncClient,
    engine: AsyncEngine,
    stored: ReadRows,
    counted: CountSeconds,
) -> None:
    people = {row["email"]: row for row in await stored("employee", own.company_id)}
    await assign_task(
        engine,
        own.company_id,
        employee_number=people[own.people[0]]["number"],
        assigned_by=people[own.admin]["employee_id"],
        title="Write",
        description="",
        due_date=None,
        now=datetime.now(UTC),
    )
    login = {"EMAIL": own.people[0], "PASSWORD": own.password}
    shell = Shell(gateway_client, native_client, SERVER="http://gateway", KEY=own.key, **login)
    for line in commands():
        await shell.run(line)
    assert len(shell.asked) == 14
    (totals,) = (await counted(own)).values()
    assert totals["sessions"] == 2
    assert totals["ACTIVE"] >= 2
    assert [row["status"] for row in await stored("task", own.company_id)] == ["DONE"]


async def test_every_call_is_there(native_client: httpx.AsyncClient) -> None:
    page = PAGE.read_text()
    document = (await native_client.get("/v1/openapi.json")).json()
    for path, operations in document["paths"].items():
        for method in operations:
            named = re.sub(r"\{\w+\}", "{id}", path)
            assert (f"`{method.upper()} {named}" if path.startswith("/v1") else f"`{named}`") in page, path


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_is_there(reason: Reason) -> None:
    assert f"`{reason.name.lower()}`" in PAGE.read_text()


def test_the_table_of_refusals_is_the_one_of_the_code() -> None:
    assert "\n".join(refusals.table()) in PAGE.read_text()


def test_every_kind_is_in_the_table() -> None:
    kinds = {*(code.value for code in ErrorCode), *(kind for _status, kind in problems._VERDICTS.values())}
    kinds |= {kind for kind, _said in problems._OF_FRAMEWORK.values()} | set(problems._CHALLENGES)
    assert kinds <= set(refusals.kinds())
