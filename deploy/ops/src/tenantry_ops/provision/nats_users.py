"""The accounts and users of NATS, and their permissions.

Every service has its own account, and the streams are in a separate one. Permissions on subjects are not enough: a
JetStream request names the subject of its reply, so a user within the streams' account could have any message stored
under any subject. Between accounts only exports and imports pass, and a reply stays in the account that sent the
request. JetStream requests use a separate prefix, because an account without streams would answer them itself.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from tenantry_ops.topology import OPERATOR, STREAMS

API_PREFIX = "streams"  # the prefix of JetStream requests in servicekit.bus


@dataclass(frozen=True)
class Permissions:
    """The subjects a user may publish and subscribe to; all others are refused."""

    publish: tuple[str, ...] = ()
    subscribe: tuple[str, ...] = ()


@dataclass(frozen=True)
class Account:
    """The imports of a service's account.

    `publishes`: subjects stored by a stream. `asks`: JetStream requests with one reply. `fetches`: those with several.
    `acknowledges`: subjects of acknowledgements. `hears`: account -> subjects of its events.
    """

    users: Mapping[str, Permissions]
    publishes: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()
    fetches: tuple[str, ...] = ()
    acknowledges: tuple[str, ...] = ()
    hears: tuple[tuple[str, str], ...] = ()

    def permissions(self) -> Permissions:
        """Returns all permissions of the account, for a user who may use all of them."""
        requests = tuple(f"{API_PREFIX}.{request}" for request in (*self.asks, *self.fetches))
        return Permissions(
            (*self.publishes, *requests, *self.acknowledges), tuple(subject for _, subject in self.hears)
        )


def _read_back(stream: str) -> tuple[str, ...]:
    """Reading one message; after a lost reply, a publisher checks whether it succeeded."""
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
    # Only the aggregator publishes; gateways and the workspace subscribe to access changes.
    "TRACKING": Account(
        {"tracking": Permissions(), "gateway": _HEARING, "workspace": _HEARING},
        publishes=("usage.v1.>",),
        asks=_read_back("USAGE"),
        hears=_EVENTS,
    ),
    # DIRECT.GET reads the stream itself, so a rebuild needs no consumer and no permission to create one.
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
    """Returns the accounts block of the server's configuration. `passwords`: user -> password, for every user.

    Every user has a separate inbox, so that no process receives replies to another.
    """
    exports = "\n".join(line for name, account in ACCOUNTS.items() for line in _exports(name, account))
    operator = f"{{ user: {json.dumps(OPERATOR)}, password: {json.dumps(passwords[OPERATOR])} }}"
    # The operator's clients may use the same prefix as those of the services.
    mapped = f'{{ "{API_PREFIX}.>": "$JS.API.>" }}'
    streams = (
        f"  {STREAMS} {{\n    jetstream: enabled\n    users: [ {operator} ]\n    mappings: {mapped}\n"
        f"    exports: [\n{exports}\n    ]\n  }}"
    )
    others = (_account(name, account, passwords) for name, account in ACCOUNTS.items())
    return "\n".join(["accounts {", streams, *others, "}", ""])


def _exports(name: str, account: Account) -> list[str]:
    """Returns what the account of the streams exports to this account only."""
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
