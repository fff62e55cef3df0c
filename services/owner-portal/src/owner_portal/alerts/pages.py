"""The page of alerts: the list, its answers, e-mail notifications."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request
from markupsafe import Markup
from starlette.responses import JSONResponse, RedirectResponse, Response

from owner_portal.access.pages import ActingOwner, SignedInOwner
from owner_portal.access.rules import SignedIn
from owner_portal.alerts.rules.alerts import AlertKind, AlertStage, AlertState
from owner_portal.alerts.rules.listing import ALL, SENTENCES, STATES, TITLES, AlertListing, Frequency, ShownAlert
from owner_portal.alerts.use_cases import SNOOZE_DAYS, AlertPage, Answer, answer_alerts, choose_digest, show_alerts
from owner_portal.alerts.worker import AlertFeed
from owner_portal.web import elements
from owner_portal.web.inputs import Input, described, fields_of, parsed
from owner_portal.web.portal import Portal, ThePortal
from owner_portal.web.rendering import render
from owner_portal.web.requests import IdempotencyKey, safe_next, wants_json

router = APIRouter(prefix="/owner/alerts")

QUERY = {"state": "a state; open ones otherwise", "kind": "a kind; all otherwise", "page": "a number from 1"}

TONES = {AlertStage.NOTICE: "INFO", AlertStage.WARNING: "WARNING", AlertStage.CRITICAL: "CRITICAL"}


@router.get("/", **described(answer='{"alerts", "matches", "page", "pages", "counts", "emails"}', query=QUERY))
async def alerts(request: Request, portal: ThePortal, owner: SignedInOwner) -> Response:
    """The list; `state`, `kind` and `page` in the URL."""
    listing = AlertListing.read(request.query_params)
    shown = await show_alerts(portal.engine, listing=listing, owner_id=owner.owner_id)
    if wants_json(request):
        return JSONResponse(_page_json(shown, listing))
    return render(
        request,
        "alerts/alerts.html",
        alerts=[(alert, sentence(alert)) for alert in shown.alerts],
        shown=shown,
        listing=listing,
        states=[(state, _state_words(state)) for state in STATES],
        kinds=TITLES,
        tones=TONES,
        snooze_days=SNOOZE_DAYS,
        AlertState=AlertState,
        gaps=shown.gaps,
    )


def _read_named(typed: str) -> tuple[tuple[UUID, AlertKind], ...] | None:
    try:
        return tuple(_named(part) for part in typed.split(",") if part)
    except ValueError:
        return None


def _named(part: str) -> tuple[UUID, AlertKind]:
    company_id, _, kind = part.partition(":")
    return UUID(company_id), AlertKind(kind)


def _read_days(typed: str) -> int | None:
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 4 else 0


def _read_frequency(typed: str) -> Frequency | None:
    return Frequency(typed) if typed in set(Frequency) else None


NAMED = "Name alerts as <company id>:<kind>, separated by commas."


class AlertsInput(Input):
    """The alerts, each as <company id>:<kind>, separated by commas. `view`: the page to return to."""

    alerts: Annotated[tuple[tuple[UUID, AlertKind], ...], parsed(_read_named, NAMED, written_as=str)]
    view: str = ""


class SnoozeInput(AlertsInput):
    """`days`: 1, 7 or 30."""

    days: Annotated[int, parsed(_read_days, "Choose one of the numbers of days.")] = 0


class DigestInput(Input):
    """`frequency`: NEVER, HOURLY or DAILY."""

    frequency: Annotated[Frequency, parsed(_read_frequency, f"Choose one of these: {', '.join(Frequency)}.")]
    view: str = ""


AlertsFields = Annotated[AlertsInput, fields_of(AlertsInput, exact=True)]
SnoozeFields = Annotated[SnoozeInput, fields_of(SnoozeInput, exact=True)]
DigestFields = Annotated[DigestInput, fields_of(DigestInput, exact=True)]


@router.post("/acknowledge/", **described(AlertsInput, '{"answered"}'))
async def acknowledge(
    request: Request, portal: ThePortal, owner: ActingOwner, fields: AlertsFields, idempotency_key: IdempotencyKey
) -> Response:
    """Acknowledges alerts: the bell does not count them until they become more severe."""
    return await _answer(request, portal, owner, Answer.ACKNOWLEDGE, fields, idempotency_key)


@router.post("/snooze/", **described(SnoozeInput, '{"answered"}'))
async def snooze(
    request: Request, portal: ThePortal, owner: ActingOwner, fields: SnoozeFields, idempotency_key: IdempotencyKey
) -> Response:
    """Snoozes alerts for `days`; they reopen earlier if they become more severe."""
    return await _answer(request, portal, owner, Answer.SNOOZE, fields, idempotency_key)


@router.post("/reopen/", **described(AlertsInput, '{"answered"}'))
async def reopen(
    request: Request, portal: ThePortal, owner: ActingOwner, fields: AlertsFields, idempotency_key: IdempotencyKey
) -> Response:
    """Reopens alerts."""
    return await _answer(request, portal, owner, Answer.REOPEN, fields, idempotency_key)


@router.post("/emails/", **described(DigestInput, '{"frequency"}'))
async def emails(
    request: Request, portal: ThePortal, owner: ActingOwner, fields: DigestFields, idempotency_key: IdempotencyKey
) -> Response:
    """Sets how often this owner gets new alerts by e-mail: NEVER, HOURLY or DAILY."""
    await choose_digest(
        portal.engine,
        owner_id=owner.owner_id,
        actor=owner.email,
        frequency=fields.frequency,
        request_id=idempotency_key,
    )
    return JSONResponse({"frequency": fields.frequency}) if wants_json(request) else _back(fields.view)


def sentence(alert: ShownAlert) -> Markup:
    """The alert as a sentence, with numbers and dates as elements."""
    return Markup(SENTENCES[alert.kind]).format(  # noqa: S704 - constants; what is put in is escaped
        last_seen=elements.day(alert.last_seen),
        expires_at=elements.day(alert.expires_at),
        seats_used=elements.n(alert.seats_used),
        seats_limit=elements.n(alert.seats_limit),
        storage_used=elements.size(alert.storage_used),
        storage_limit=elements.size(alert.storage_limit),
    )


async def _answer(
    request: Request, portal: Portal, owner: SignedIn, answer: Answer, fields: AlertsInput, idempotency_key: str
) -> Response:
    answered = await answer_alerts(
        portal.engine,
        alerts=fields.alerts,
        answer=answer,
        days=fields.days if isinstance(fields, SnoozeInput) else None,
        actor=owner.email,
        request_id=idempotency_key,
    )
    await portal.get(AlertFeed).count_step()
    return JSONResponse({"answered": answered}) if wants_json(request) else _back(fields.view)


def _back(view: str) -> Response:
    view = safe_next(view)
    return RedirectResponse(view if view.startswith("/owner/alerts/") else "/owner/alerts/", 303)


def _state_words(state: str) -> str:
    return "All" if state == ALL else state.capitalize()


def _page_json(shown: AlertPage, listing: AlertListing) -> dict[str, Any]:
    return {
        "alerts": [_alert_json(alert) for alert in shown.alerts],
        "matches": shown.matches,
        "page": listing.page,
        "pages": shown.pages,
        "counts": {state: shown.in_state(state) for state in AlertState if state is not AlertState.RESOLVED},
        "emails": shown.frequency,
    }


def _alert_json(alert: ShownAlert) -> dict[str, Any]:
    return {
        "alert": f"{alert.company_id}:{alert.kind}",
        "company": {"id": str(alert.company_id), "name": alert.company},
        "kind": alert.kind,
        "stage": alert.stage.name,
        "state": alert.state,
        "words": alert.words,
        "raised_at": alert.raised_at.isoformat(),
        "snoozed_until": alert.snoozed_until.isoformat() if alert.snoozed_until else None,
        "answered_by": alert.changed_by or None,
    }
