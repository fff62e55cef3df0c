"""What the owner is told of by itself. One alert a company and kind; its stage is how pressing it is.

It opens when its cause appears and when it becomes more pressing, and is resolved when the cause is gone. Between the
two stands a margin, so that a number which goes up and down around a limit opens nothing twice.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import IntEnum, StrEnum
from uuid import UUID

from owner_portal.alerts.rules.silence import Signs, is_silent
from owner_portal.directory.rules import Status

EXPIRED_IS_NEWS = timedelta(days=30)
RENEWAL_TAKES = timedelta(minutes=2)  # from the end of a period until billing's word that it goes on is here
WORKING = {Status.TRIAL, Status.ACTIVE, Status.PAST_DUE}


class Kind(StrEnum):
    """The causes."""

    SILENT = "SILENT"
    TRIAL_ENDING = "TRIAL_ENDING"
    EXPIRING = "EXPIRING"
    PAST_DUE = "PAST_DUE"
    EXPIRED = "EXPIRED"
    SEATS = "SEATS"
    STORAGE = "STORAGE"


class Stage(IntEnum):
    """How pressing it is."""

    NONE = 0
    NOTICE = 1
    WARNING = 2
    CRITICAL = 3


class State(StrEnum):
    """What has become of it. SNOOZED opens again when its time is over; all but RESOLVED are live."""

    OPEN = "OPEN"
    ACKNOWLEDGED = "ACKNOWLEDGED"
    SNOOZED = "SNOOZED"
    RESOLVED = "RESOLVED"


@dataclass(frozen=True, slots=True)
class Alert:
    """One cause at one company. `raised_at` is when it opened last."""

    company_id: UUID
    kind: Kind
    stage: Stage
    state: State
    raised_at: datetime
    snoozed_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """A company as alerts see it. `ends`: its subscription is not renewed by itself. None: nobody knows.

    `signs` None: what is known of its work is too old to tell silence by. `silent_on`: the day, by its own calendar, on
    which the alert of its silence opened.
    """

    company_id: UUID
    status: Status
    expires_at: datetime | None
    ends: bool
    seats_used: int | None
    seats_limit: int | None
    storage_used: int | None
    storage_limit: int | None
    signs: Signs | None
    silent_on: date | None


def changed(situation: Situation, live: Mapping[Kind, Alert], now: datetime) -> list[Alert]:
    """The alerts of a company that are not as they were; `live` holds those that are not resolved."""
    after = (
        follow(situation.company_id, kind, live.get(kind), stage, now) for kind, stage in _stages(situation, live, now)
    )
    return [alert for alert in after if alert is not None]


def follow(company_id: UUID, kind: Kind, alert: Alert | None, stage: Stage | None, now: datetime) -> Alert | None:
    """The alert after its cause was looked at; None when nothing changes. `stage` None: the cause cannot be judged."""
    if alert is None:
        return Alert(company_id, kind, stage, State.OPEN, now) if stage else None
    if stage is Stage.NONE:
        return replace(alert, state=State.RESOLVED, snoozed_until=None)
    overslept = alert.snoozed_until is not None and alert.snoozed_until <= now
    if overslept or (stage is not None and stage > alert.stage):
        return replace(alert, stage=stage or alert.stage, state=State.OPEN, raised_at=now, snoozed_until=None)
    if stage is not None and stage < alert.stage:
        return replace(alert, stage=stage)
    return None


def _stages(company: Situation, live: Mapping[Kind, Alert], now: datetime) -> list[tuple[Kind, Stage | None]]:
    if company.status is Status.PENDING:  # billing has not told yet, or is being read anew: what is open stays
        return [(kind, None) for kind in Kind]
    working = company.status in WORKING
    left = company.expires_at - now if company.expires_at else timedelta.max
    over = company.status is Status.EXPIRED or (company.status is Status.CANCELLED and left <= timedelta(0))
    ending = company.ends and company.status in {Status.ACTIVE, Status.CANCELLED} and not over
    nothing = Stage.NONE
    return [
        (Kind.SILENT, _silence(company, now) if working else nothing),
        (Kind.TRIAL_ENDING, _ending(left, 7) if company.status is Status.TRIAL else nothing),
        (Kind.EXPIRING, _ending(left, 14) if ending else nothing),
        (Kind.PAST_DUE, max(Stage.WARNING, _ending(left, 3)) if company.status is Status.PAST_DUE else nothing),
        (Kind.EXPIRED, _expired(left) if over else nothing),
        (Kind.SEATS, _level(company.seats_used, company.seats_limit, live.get(Kind.SEATS)) if working else nothing),
        (
            Kind.STORAGE,
            _level(company.storage_used, company.storage_limit, live.get(Kind.STORAGE)) if working else nothing,
        ),
    ]


def _silence(company: Situation, now: datetime) -> Stage | None:
    """Rhythms fade in a long silence: what is open then stays so until the company is seen again."""
    signs = company.signs
    if signs is None or signs.last_seen is None or (company.silent_on and signs.last_seen < company.silent_on):
        return None
    silent = is_silent(signs, now)
    return None if silent is None else Stage.WARNING if silent else Stage.NONE


def _expired(left: timedelta) -> Stage | None:
    if left > -RENEWAL_TAKES:
        return None
    return Stage.CRITICAL if left > -EXPIRED_IS_NEWS else Stage.NONE


def _ending(left: timedelta, notice_days: int) -> Stage:
    for days, stage in ((1, Stage.CRITICAL), (3, Stage.WARNING), (notice_days, Stage.NOTICE)):
        if left <= timedelta(days=days):
            return stage
    return Stage.NONE


def _level(used: int | None, limit: int | None, alert: Alert | None) -> Stage | None:
    """A warning from 90 % until it is below 85 %, critical from 100 % until it is below 98 %."""
    if used is None or not limit:
        return None
    held = alert.stage if alert else Stage.NONE
    if used * 100 >= limit * (98 if held is Stage.CRITICAL else 100):
        return Stage.CRITICAL
    if used * 100 >= limit * (85 if held else 90):
        return Stage.WARNING
    return Stage.NONE
