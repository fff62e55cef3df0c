"""The page of alerts: the list, its answers, e-mail notifications."""

from collections.abc import Mapping
from typing import Any
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
from owner_portal.web.portal import Portal, ThePortal
from owner_portal.web.rendering import render
from owner_portal.web.requests import Fields, IdempotencyKey, safe_next, wants_json
from servicekit.errors import InvalidInput
from servicekit.ids import parse_id

router = APIRouter(prefix="/owner/alerts")

TONES = {AlertStage.NOTICE: "INFO", AlertStage.WARNING: "WARNING", AlertStage.CRITICAL: "CRITICAL"}


@router.get("/")
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


@router.post("/acknowledge/")
async def acknowledge(
    request: Request, portal: ThePortal, owner: ActingOwner, fields: Fields, idempotency_key: IdempotencyKey
) -> Response:
    """Acknowledges alerts: the bell does not count them until they become more severe."""
    return await _answer(request, portal, owner, Answer.ACKNOWLEDGE, fields, idempotency_key)


@router.post("/snooze/")
async def snooze(
    request: Request, portal: ThePortal, owner: ActingOwner, fields: Fields, idempotency_key: IdempotencyKey
) -> Response:
    """Snoozes alerts for `days`; they reopen earlier if they become more severe."""
    return await _answer(request, portal, owner, Answer.SNOOZE, fields, idempotency_key)


@router.post("/reopen/")
async def reopen(
    request: Request, portal: ThePortal, owner: ActingOwner, fields: Fields, idempotency_key: IdempotencyKey
) -> Response:
    """Reopens alerts."""
    return await _answer(request, portal, owner, Answer.REOPEN, fields, idempotency_key)


@router.post("/emails/")
async def emails(
    request: Request, portal: ThePortal, owner: ActingOwner, fields: Fields, idempotency_key: IdempotencyKey
) -> Response:
    """Sets how often this owner gets new alerts by e-mail: NEVER, HOURLY or DAILY."""
    if (given := fields.get("frequency", "")) not in set(Frequency):
        raise InvalidInput(f"frequency must be one of {', '.join(Frequency)}")
    frequency = Frequency(given)
    await choose_digest(
        portal.engine, owner_id=owner.owner_id, actor=owner.email, frequency=frequency, request_id=idempotency_key
    )
    return JSONResponse({"frequency": frequency}) if wants_json(request) else _back(fields)


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
    request: Request, portal: Portal, owner: SignedIn, answer: Answer, fields: Mapping[str, str], idempotency_key: str
) -> Response:
    days = fields.get("days", "")
    answered = await answer_alerts(
        portal.engine,
        alerts=[_named(part) for part in fields.get("alerts", "").split(",") if part],
        answer=answer,
        days=int(days) if days.isascii() and days.isdigit() and len(days) < 4 else None,
        actor=owner.email,
        request_id=idempotency_key,
    )
    await portal.get(AlertFeed).count_step()
    return JSONResponse({"answered": answered}) if wants_json(request) else _back(fields)


def _named(part: str) -> tuple[UUID, AlertKind]:
    company_id, _, kind = part.partition(":")
    if kind not in set(AlertKind):
        raise InvalidInput("alerts must be <company id>:<kind>, separated by commas")
    return parse_id(company_id, "each alert's company"), AlertKind(kind)


def _back(fields: Mapping[str, str]) -> Response:
    view = safe_next(fields.get("view", ""))
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
