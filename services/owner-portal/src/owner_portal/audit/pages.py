"""The audit log of owner actions, and the integrity of its trails."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from audit_chain import ChainEnd, Verification
from owner_portal.access.pages import ActingOwner, SignedInOwner, SteppedUpOwner
from owner_portal.audit.client import BillingAudit, TenancyAudit
from owner_portal.audit.rules.filter import ACTIONS, PATH, AuditFilter, date_problems
from owner_portal.audit.rules.trails import Chain, Entry, write_position
from owner_portal.audit.rules.verdicts import ChainVerdict
from owner_portal.audit.use_cases.export import export_audit_log
from owner_portal.audit.use_cases.log import AuditLog, Trail, show_audit_log
from owner_portal.audit.use_cases.own_trail import verify_actions
from owner_portal.audit.use_cases.verification import Verify, forget_noted, verify_trails
from owner_portal.text.rules import read_reason, reason_problem
from owner_portal.web.exports import Row, begun, csv_response, separator_of
from owner_portal.web.inputs import Input, NoFields, described, described_csv, fields_of, parsed
from owner_portal.web.portal import Portal, ThePortal
from owner_portal.web.rendering import render
from owner_portal.web.requests import wants_json
from servicekit.errors import InvalidInput, Unavailable

COLUMNS = (
    *("At", "Who", "What", "Company", "Company id", "On", "Why", "Details", "Request id", "Trail", "Entry"),
    "Called by",
)

DONE = {
    "verified": "All trails have been verified.",
    "forgotten": "The recorded entry has been discarded. Verify the trail now to record its current end.",
}


def entries_of(portal: Portal) -> Mapping[Chain, Trail]:
    """The trails of other services; the portal's own trail is in its database."""
    return {Chain.TENANCY: portal.get(TenancyAudit), Chain.BILLING: portal.get(BillingAudit)}


def verifiers(portal: Portal) -> Mapping[Chain, Verify]:
    """How each trail is verified."""

    async def own(known: ChainEnd | None) -> Verification:
        return await verify_actions(portal.engine, known=known)

    return {
        Chain.TENANCY: portal.get(TenancyAudit).verify,
        Chain.BILLING: portal.get(BillingAudit).verify,
        Chain.PORTAL: own,
    }


router = APIRouter(prefix="/owner/audit-log")


FILTER = {
    "who": "the owner's e-mail",
    "what": "an action",
    "company": "a company's id",
    "from": "the first date",
    "to": "the last date",
}


@router.get(
    "/",
    **described(
        answer='{"entries", "before", "trails", "missing"}', query=FILTER | {"before": "the position of the next page"}
    ),
)
async def audit_log_page(request: Request, portal: ThePortal, _owner: SignedInOwner) -> Response:
    """One page of the log, with the last verdict on each trail. InvalidInput: a date in a script's query is invalid."""
    view, problems = AuditFilter.read(request.query_params), date_problems(request.query_params)
    if problems and wants_json(request):
        raise InvalidInput(" ".join(problems))
    log = await show_audit_log(portal.engine, view=view, trails=entries_of(portal))
    if wants_json(request):
        return JSONResponse(_json(log))
    following = view.at(log.page.following).url() if log.page.following is not None else ""
    done = DONE.get(request.query_params.get("done", ""), "")
    shown: dict[str, Any] = {"log": log, "view": view, "following": following, "done": done}
    return render(request, "audit/audit_log.html", **shown, problems=problems, chains=list(Chain), actions=ACTIONS)


@router.get("/export.csv", **described_csv(**FILTER))
async def export(request: Request, portal: ThePortal, _owner: SignedInOwner) -> Response:
    """All entries that match the filters. InvalidInput: a date is invalid. Unavailable: a service does not respond."""
    if problems := date_problems(request.query_params):
        raise InvalidInput(" ".join(problems))
    view = AuditFilter.read(request.query_params)
    found = export_audit_log(portal.engine, view=view, trails=entries_of(portal))
    return csv_response(
        "audit-log.csv", COLUMNS, await begun(_row(entry, name) async for entry, name in found), separator_of(request)
    )


@router.post("/verify/", **described(Input, '{"trails"}'))
async def verify(request: Request, portal: ThePortal, _owner: ActingOwner, _fields: NoFields) -> Response:
    """Verifies every trail from its beginning. Unavailable: one service does not respond; the others are verified."""
    missing = await verify_trails(portal.engine, trails=verifiers(portal))
    if missing:
        names = " and ".join(chain.label for chain in missing)
        raise Unavailable(f"{names} did not respond, so that trail was not verified. Try again shortly.")
    if wants_json(request):
        log = await show_audit_log(portal.engine, view=AuditFilter(), trails=entries_of(portal))
        return JSONResponse({"trails": _verdicts(log.verdicts)})
    return RedirectResponse(f"{PATH}?done=verified#content", 303)


def _read_chain(typed: str) -> Chain | None:
    return Chain(typed) if typed in set(Chain) else None


class ForgetInput(Input):
    """`chain`: the trail whose recorded entry is discarded. The reason is required."""

    chain: Annotated[Chain, parsed(_read_chain, f"Choose one of these: {', '.join(Chain)}.")]
    reason: str


@router.post("/forget/", **described(ForgetInput))
async def forget(
    request: Request, portal: ThePortal, owner: SteppedUpOwner, fields: Annotated[ForgetInput, fields_of(ForgetInput)]
) -> Response:
    """After a trail was restored from a backup: discards its recorded entry. A reason is required."""
    reason = read_reason({"reason": fields.reason})
    if problem := reason_problem(reason):
        raise InvalidInput(problem, field="reason")
    await forget_noted(portal.engine, chain=fields.chain, actor=owner.email, reason=reason)
    return JSONResponse({}) if wants_json(request) else RedirectResponse(f"{PATH}?done=forgotten#content", 303)


def _row(entry: Entry, name: str) -> Row:
    company_id = str(entry.company_id) if entry.company_id else ""
    details = "; ".join(f"{label}: {text}" for label, text in entry.details)
    what = (entry.at, entry.actor, entry.action, name, company_id, entry.subject, entry.reason, details)
    return (*what, entry.request_id, entry.chain.value, entry.revision, entry.caller)


def _json(log: AuditLog) -> dict[str, Any]:
    following = log.page.following
    return {
        "entries": [
            {
                "at": entry.at.isoformat(),
                "who": entry.actor,
                "what": entry.action,
                "company_id": str(entry.company_id) if entry.company_id else None,
                "on": entry.subject,
                "why": entry.reason,
                "details": dict(entry.details),
                "request_id": entry.request_id,
                "trail": entry.chain.value,
                "entry": entry.revision,
                "called_by": entry.caller,
            }
            for entry in log.page.entries
        ],
        "before": write_position(following) if following is not None else None,
        "trails": _verdicts(log.verdicts),
        "missing": [remembered.problem for remembered in log.away],
    }


def _verdicts(verdicts: Mapping[Chain, ChainVerdict]) -> dict[str, Any]:
    return {
        chain.value: {
            "verified_at": verdict.verified_at.isoformat(),
            "whole": verdict.is_whole,
            "flaw": verdict.flaw,
            "entries": verdict.noted.revision,
            "hash": verdict.noted.hash.hex(),
            "noted_at": verdict.noted_at.isoformat(),
        }
        for chain, verdict in verdicts.items()
    }
