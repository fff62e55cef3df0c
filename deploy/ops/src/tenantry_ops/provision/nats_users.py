"""Users of NATS and what each may publish and hear."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from tenantry_ops.topology import OPERATOR


@dataclass(frozen=True)
class Permissions:
    """Subjects a user may publish to and subscribe to; whatever is not named is refused."""

    publish: tuple[str, ...]
    subscribe: tuple[str, ...] = ()


def _publisher(stream: str, subjects: str) -> tuple[str, ...]:
    """Publishing, and reading one message back: how a publisher learns whether a lost answer was a success."""
    return (
        subjects,
        f"$JS.API.STREAM.INFO.{stream}",
        f"$JS.API.STREAM.MSG.GET.{stream}",
        f"$JS.API.DIRECT.GET.{stream}",
        f"$JS.API.DIRECT.GET.{stream}.>",
    )


def _consumer(stream: str, name: str) -> tuple[str, ...]:
    """Pulling from one durable consumer and acknowledging."""
    return (
        f"$JS.API.CONSUMER.INFO.{stream}.{name}",
        f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{name}",
        f"$JS.ACK.{stream}.{name}.>",
    )


def _reader(stream: str) -> tuple[str, ...]:
    """Reading a whole stream from its start through consumers made for the occasion."""
    return (
        f"$JS.API.STREAM.INFO.{stream}",
        f"$JS.API.CONSUMER.CREATE.{stream}",
        f"$JS.API.CONSUMER.CREATE.{stream}.>",
        f"$JS.API.CONSUMER.INFO.{stream}.*",
        f"$JS.API.CONSUMER.MSG.NEXT.{stream}.*",
        f"$JS.API.CONSUMER.DELETE.{stream}.*",
        f"$JS.ACK.{stream}.>",
        f"$JS.FC.{stream}.>",
    )


PERMISSIONS = {
    "tenancy": Permissions(_publisher("TENANCY", "tenancy.v1.>")),
    "billing": Permissions(
        (*_publisher("BILLING", "billing.v1.>"), *_consumer("TENANCY", "billing"), *_consumer("USAGE", "billing"))
    ),
    "tracking": Permissions(_publisher("USAGE", "usage.v1.>"), ("tenancy.v1.>", "billing.v1.>")),
    "portal": Permissions((*_consumer("USAGE", "portal"), *_reader("USAGE"))),
    OPERATOR: Permissions((">",), (">",)),
}


def authorization(passwords: Mapping[str, str]) -> str:
    """Returns the server's block of users. passwords: user -> password, one for each user of the platform.

    Every user has an inbox of its own, so that no service hears the answers to another.
    """
    users = "\n".join(_user(name, passwords[name], permissions) for name, permissions in PERMISSIONS.items())
    return f"authorization {{\n  users: [\n{users}\n  ]\n}}\n"


def _user(name: str, password: str, permissions: Permissions) -> str:
    publish = json.dumps(permissions.publish)
    subscribe = json.dumps((f"_INBOX_{name}.>", *permissions.subscribe))
    return (
        f"    {{ user: {json.dumps(name)}, password: {json.dumps(password)},\n"
        f"      permissions: {{ publish: {publish}, subscribe: {subscribe} }} }}"
    )
