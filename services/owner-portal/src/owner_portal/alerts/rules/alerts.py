"""Rules of alerts. There is one alert per company and kind; its stage is the severity.

An alert opens when its cause appears and when it becomes more severe, and is resolved when the cause is gone. A margin
between the two prevents repeated alerts for a number that fluctuates around a limit.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import IntEnum, StrEnum
from uuid import UUID

from owner_portal.alerts.rules.silence import Signs, is_silent
from owner_portal.directory.rules import Status

EXPIRED_IS_NEWS = timedelta(days=30)
RENEWAL_TAKES = timedelta(minutes=2)  # until the renewal arrives from billing after the end of a period
WORKING = {Status.TRIAL, Status.ACTIVE, Status.PAST_DUE}


class AlertKind(StrEnum):
    """The causes of alerts."""

    SILENT = "SILENT"
    TRIAL_ENDING = "TRIAL_ENDING"
    EXPIRING = "EXPIRING"
    PAST_DUE = "PAST_DUE"
    EXPIRED = "EXPIRED"
    SEATS = "SEATS"
    STORAGE = "STORAGE"


class AlertStage(IntEnum):
    """The severity of an alert."""

    NONE = 0
    NOTICE = 1
    WARNING = 2
    CRITICAL = 3


class AlertState(StrEnum):
    """The state of an alert. SNOOZED reopens after its time; all except RESOLVED are live."""

    OPEN = "OPEN"
    ACKNOWLEDGED = "ACKNOWLEDGED"
    SNOOZED = "SNOOZED"
    RESOLVED = "RESOLVED"


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert of one company. `raised_at` is when it last opened."""

    company_id: UUID
    kind: AlertKind
    stage: AlertStage
    state: AlertState
    raised_at: datetime
    snoozed_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """The data of a company for alerts. `ends`: its subscription is not renewed automatically. None: unknown.

    `signs` None: the data is too old to detect silence. `silent_on`: the day, in its own calendar, on which its silence
    alert opened.
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


def changed(situation: Situation, live: Mapping[AlertKind, Alert], now: datetime) -> list[Alert]:
    """The alerts of a company that change; `live` are those that are not resolved."""
    after = (
        follow(situation.company_id, kind, live.get(kind), stage, now) for kind, stage in _stages(situation, live, now)
    )
    return [alert for alert in after if alert is not None]


def follow(
    company_id: UUID, kind: AlertKind, alert: Alert | None, stage: AlertStage | None, now: datetime
) -> Alert | None:
    """The alert after the evaluation of its cause; None: no change. `stage` None: the cause is unknown."""
    if alert is None:
        return Alert(company_id, kind, stage, AlertState.OPEN, now) if stage else None
    if stage is AlertStage.NONE:
        return replace(alert, state=AlertState.RESOLVED, snoozed_until=None)
    overslept = alert.snoozed_until is not None and alert.snoozed_until <= now
    if overslept or (stage is not None and stage > alert.stage):
        return replace(alert, stage=stage or alert.stage, state=AlertState.OPEN, raised_at=now, snoozed_until=None)
    if stage is not None and stage < alert.stage:
        return replace(alert, stage=stage)
    return None


def _stages(
    company: Situation, live: Mapping[AlertKind, Alert], now: datetime
) -> list[tuple[AlertKind, AlertStage | None]]:
    if company.status is Status.PENDING:  # no subscription yet, or subscriptions are being reloaded: open alerts stay
        return [(kind, None) for kind in AlertKind]
    working = company.status in WORKING
    left = company.expires_at - now if company.expires_at else timedelta.max
    over = company.status is Status.EXPIRED or (company.status is Status.CANCELLED and left <= timedelta(0))
    ending = company.ends and company.status in {Status.ACTIVE, Status.CANCELLED} and not over
    nothing = AlertStage.NONE
    return [
        (AlertKind.SILENT, _silence(company, now) if working else nothing),
        (AlertKind.TRIAL_ENDING, _ending(left, 7) if company.status is Status.TRIAL else nothing),
        (AlertKind.EXPIRING, _ending(left, 14) if ending else nothing),
        (
            AlertKind.PAST_DUE,
            max(AlertStage.WARNING, _ending(left, 3)) if company.status is Status.PAST_DUE else nothing,
        ),
        (AlertKind.EXPIRED, _expired(left) if over else nothing),
        (
            AlertKind.SEATS,
            _level(company.seats_used, company.seats_limit, live.get(AlertKind.SEATS)) if working else nothing,
        ),
        (
            AlertKind.STORAGE,
            _level(company.storage_used, company.storage_limit, live.get(AlertKind.STORAGE)) if working else nothing,
        ),
    ]


def _silence(company: Situation, now: datetime) -> AlertStage | None:
    """A rhythm fades in a long silence: an open alert then stays open until the company has data again."""
    signs = company.signs
    if signs is None or signs.last_seen is None or (company.silent_on and signs.last_seen < company.silent_on):
        return None
    silent = is_silent(signs, now)
    return None if silent is None else AlertStage.WARNING if silent else AlertStage.NONE


def _expired(left: timedelta) -> AlertStage | None:
    if left > -RENEWAL_TAKES:
        return None
    return AlertStage.CRITICAL if left > -EXPIRED_IS_NEWS else AlertStage.NONE


def _ending(left: timedelta, notice_days: int) -> AlertStage:
    for days, stage in ((1, AlertStage.CRITICAL), (3, AlertStage.WARNING), (notice_days, AlertStage.NOTICE)):
        if left <= timedelta(days=days):
            return stage
    return AlertStage.NONE


def _level(used: int | None, limit: int | None, alert: Alert | None) -> AlertStage | None:
    """A warning from 90 % until it is below 85 %, critical from 100 % until it is below 98 %."""
    if used is None or not limit:
        return None
    held = alert.stage if alert else AlertStage.NONE
    if used * 100 >= limit * (98 if held is AlertStage.CRITICAL else 100):
        return AlertStage.CRITICAL
    if used * 100 >= limit * (85 if held else 90):
        return AlertStage.WARNING
    return AlertStage.NONE
