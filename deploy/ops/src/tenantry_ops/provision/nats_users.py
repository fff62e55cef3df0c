"""Accounts and users of NATS: what each may publish and hear.

Every service has an account of its own, and the streams stand in another one. Permissions of subjects alone are not
enough: a request to JetStream names the subject of its answer, so a user who shares the account of the streams could
have any message stored under any subject. Between accounts only what is exported and imported passes, and an answer
stays in the account that asked. Requests to JetStream travel under a prefix of their own, since an account without
streams answers them itself otherwise.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from tenantry_ops.topology import OPERATOR, STREAMS

API_PREFIX = "streams"  # of requests to JetStream, as servicekit.bus makes them


@dataclass(frozen=True)
class Permissions:
    """Subjects a user may publish to and subscribe to; what is not named is refused."""

    publish: tuple[str, ...] = ()
    subscribe: tuple[str, ...] = ()


@dataclass(frozen=True)
class Account:
    """What a service's account takes from the account of the streams, and whose events it hears.

    `publishes`: subjects that a stream keeps. `asks`: requests to JetStream with one answer. `fetches`: those with
    many. `acknowledges`: subjects of acknowledgements. `hears`: account -> subjects that it publishes.
    """

    users: Mapping[str, Permissions]
    publishes: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()
    fetches: tuple[str, ...] = ()
    acknowledges: tuple[str, ...] = ()
    hears: tuple[tuple[str, str], ...] = ()

    def permissions(self) -> Permissions:
        """Returns all that the account can do, for a user who may do all of it."""
        requests = tuple(f"{API_PREFIX}.{request}" for request in (*self.asks, *self.fetches))
        return Permissions(
            (*self.publishes, *requests, *self.acknowledges), tuple(subject for _, subject in self.hears)
        )


def _read_back(stream: str) -> tuple[str, ...]:
    """Reading one message: how a publisher learns whether a lost answer was a success."""
    return (f"STREAM.MSG.GET.{stream}",)


_EVENTS = (("TENANCY", "tenancy.v1.>"), ("BILLING", "billing.v1.>"))
_HEARING = Permissions(subscribe=tuple(subject for _, subject in _EVENTS))

ACCOUNTS = {
    "TENANCY": Account({"tenancy": Permissions()}, publishes=("tenancy.v1.>",), asks=_read_back("TENANCY")),
    "BILLING": Account(
        {"billing": Permissions()},
        publishes=("billing.v1.>",),
        asks=(*_read_back("BILLING"), "CONSUMER.INFO.TENANCY.billing", "CONSUMER.INFO.USAGE.billing"),
        fetches=("CONSUMER.MSG.NEXT.TENANCY.billing", "CONSUMER.MSG.NEXT.USAGE.billing"),
        acknowledges=("$JS.ACK.TENANCY.billing.>", "$JS.ACK.USAGE.billing.>"),
    ),
    # The aggregator alone publishes; gateways and the workspace hear that access changed.
    "TRACKING": Account(
        {"tracking": Permissions(), "gateway": _HEARING, "workspace": _HEARING},
        publishes=("usage.v1.>",),
        asks=_read_back("USAGE"),
        hears=_EVENTS,
    ),
    # DIRECT.GET reads the stream itself: a rebuild of the read model needs no consumer, and so no right to make one.
    "PORTAL": Account(
        {"portal": Permissions()},
        asks=("CONSUMER.INFO.USAGE.portal",),
        fetches=("CONSUMER.MSG.NEXT.USAGE.portal", "DIRECT.GET.USAGE"),
        acknowledges=("$JS.ACK.USAGE.portal.>",),
    ),
}

PERMISSIONS = {
    user: own if own != Permissions() else account.permissions()
    for account in ACCOUNTS.values()
    for user, own in account.users.items()
}


def authorization(passwords: Mapping[str, str]) -> str:
    """Returns the server's block of accounts. passwords: user -> password, one for each user of the platform.

    Every user has an inbox of its own, so that no process hears the answers to another.
    """
    exports = "\n".join(line for name, account in ACCOUNTS.items() for line in _exports(name, account))
    operator = f"{{ user: {json.dumps(OPERATOR)}, password: {json.dumps(passwords[OPERATOR])} }}"
    # The operator's own clients may use the same prefix as the services'.
    mapped = f'{{ "{API_PREFIX}.>": "$JS.API.>" }}'
    streams = (
        f"  {STREAMS} {{\n    jetstream: enabled\n    users: [ {operator} ]\n    mappings: {mapped}\n"
        f"    exports: [\n{exports}\n    ]\n  }}"
    )
    others = (_account(name, account, passwords) for name, account in ACCOUNTS.items())
    return "\n".join(["accounts {", streams, *others, "}", ""])


def _exports(name: str, account: Account) -> list[str]:
    """What the account of the streams offers to this account and to no other."""
    single = (*account.publishes, *(f"$JS.API.{request}" for request in account.asks), *account.acknowledges)
    many = (f"$JS.API.{request}" for request in account.fetches)
    return [
        *(f"      {{ service: {json.dumps(subject)}, accounts: [{name}] }}" for subject in single),
        *(f"      {{ service: {json.dumps(subject)}, response_type: stream, accounts: [{name}] }}" for subject in many),
    ]


def _account(name: str, account: Account, passwords: Mapping[str, str]) -> str:
    users = "\n".join(_user(user, passwords[user], PERMISSIONS[user]) for user in account.users)
    imports = "\n".join(
        [
            *(_import("service", STREAMS, subject) for subject in (*account.publishes, *account.acknowledges)),
            *(
                _import("service", STREAMS, f"$JS.API.{request}", f"{API_PREFIX}.{request}")
                for request in (*account.asks, *account.fetches)
            ),
            *(_import("stream", publisher, subject) for publisher, subject in account.hears),
        ]
    )
    listeners = [listener for listener, other in ACCOUNTS.items() if name in dict(other.hears)]
    offered = [
        f"      {{ stream: {json.dumps(subject)}, accounts: {json.dumps(listeners)} }}"
        for subject in account.publishes
        if listeners
    ]
    exports = "\n".join(offered)
    parts = {"users": users, "imports": imports, "exports": exports}
    return "\n".join([f"  {name} {{", *(f"    {part}: [\n{lines}\n    ]" for part, lines in parts.items()), "  }"])


def _import(kind: str, account: str, subject: str, local: str | None = None) -> str:
    renamed = f", to: {json.dumps(local)}" if local else ""
    return f"      {{ {kind}: {{ account: {account}, subject: {json.dumps(subject)} }}{renamed} }}"


def _user(name: str, password: str, permissions: Permissions) -> str:
    publish = json.dumps(permissions.publish) if permissions.publish else '{ deny: ">" }'
    subscribe = json.dumps((f"_INBOX_{name}.>", *permissions.subscribe))
    return (
        f"      {{ user: {json.dumps(name)}, password: {json.dumps(password)},\n"
        f"        permissions: {{ publish: {publish}, subscribe: {subscribe} }} }}"
    )
