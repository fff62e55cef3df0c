"""Searches for canary words in files, databases and streams."""

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence

import nats
import psycopg
from nats.js.api import AckPolicy, ConsumerConfig
from psycopg import sql

from tests.platform.running import Running

Find = tuple[str, str]
"""The place and the word of each finding."""


def search(where: str, text: str | bytes, words: Iterable[str]) -> list[Find]:
    """Returns the words in the text, regardless of letter case."""
    content = text.lower() if isinstance(text, bytes) else text.lower().encode()
    return [(where, word) for word in words if word.lower().encode() in content]


def search_all(places: Iterable[tuple[str, bytes]], words: Sequence[str]) -> list[Find]:
    """Searches several places."""
    return [find for where, content in places for find in search(where, content, words)]


def search_logs(running: Running, words: Iterable[str]) -> list[Find]:
    """Searches the logs of every process and of both engines."""
    logs = list(running.logs())
    assert len(logs) > 8, logs
    return [find for log in logs for find in search(log.name, log.read_bytes(), words)]


def search_database(running: Running, database: str, words: Iterable[str]) -> list[Find]:
    """Searches every row of every table; bytes are searched raw, not as hexadecimal text."""
    return [find for where, content in _cells(running, database) for find in search(where, content, words)]


async def search_streams(running: Running, words: Iterable[str]) -> list[Find]:
    """Searches subject, headers and payload of every message of every stream."""
    return [find async for where, content in _messages(running) for find in search(where, content, words)]


def _cells(running: Running, database: str) -> Iterator[tuple[str, str | bytes]]:
    with psycopg.connect(running.superuser_dsn(database)) as connection:
        tables = connection.execute(
            "SELECT table_schema, table_name FROM information_schema.tables"
            " WHERE table_schema NOT IN ('pg_catalog', 'information_schema')"
        ).fetchall()
        for schema, table in tables:
            for row in connection.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(schema, table))):
                for value in row:
                    yield f"{database}.{table}", value if isinstance(value, bytes) else str(value)


async def _messages(running: Running) -> AsyncIterator[tuple[str, bytes]]:
    connection = await nats.connect(running.platform.nats_url("operator"), inbox_prefix=b"_INBOX_operator")
    try:
        jetstream = connection.jetstream()
        for stream in await jetstream.streams_info():
            config = ConsumerConfig(ack_policy=AckPolicy.NONE, mem_storage=True, inactive_threshold=10)
            subscription = await jetstream.pull_subscribe("", stream=stream.config.name, config=config)
            left = stream.state.messages
            while left > 0:
                messages = await subscription.fetch(500, timeout=5)
                left = messages[-1].metadata.num_pending
                for message in messages:
                    yield message.subject, repr((message.subject, message.headers)).encode() + message.data
            await subscription.unsubscribe()
    finally:
        await connection.close()
