"""The retention of screenshots per plan, changed by a new version of the plan."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from owner_portal.access.pages import SignedInOwner, SteppedUpOwner
from owner_portal.clients.actions import Action
from owner_portal.directory.pages.answers import catch_up_subscriptions
from owner_portal.plans.client import PlanClient
from owner_portal.plans.rules.plans import Plan
from owner_portal.plans.rules.retention import MAX_RETENTION_DAYS, next_terms, read_days
from owner_portal.plans.use_cases import (
    RetentionChange,
    RetentionView,
    change_retention,
    find_newest,
    plan_versions,
    preview_retention,
    show_retention,
)
from owner_portal.text.rules import read_reason, reason_problem
from owner_portal.web.inputs import ReasonInput, check_names, described
from owner_portal.web.portal import Portal, ThePortal
from owner_portal.web.rendering import render
from owner_portal.web.requests import IdempotencyKey, Typed, wants_json
from servicekit.errors import AppError, InvalidInput, http_status
from servicekit.ids import new_id

PATH = "/owner/retention-policy/"
WRONG_DAYS = f"Enter a whole number of days from 1 to {MAX_RETENTION_DAYS:,}."
router = APIRouter(prefix="/owner/retention-policy")


@router.get("/", **described(answer='{"plans", "as_of"}'))
async def retention_page(request: Request, portal: ThePortal, _owner: SignedInOwner) -> Response:
    """Each plan with its companies, and the companies with a different retention."""
    view = await _view(portal)
    if wants_json(request):
        return JSONResponse(
            {
                "plans": [
                    _plan_json(each.plan) | {"companies": each.companies, "differing": each.differing}
                    for each in view.plans
                ],
                "as_of": view.catalogue.as_of.isoformat() if view.catalogue.as_of else None,
            }
        )
    return _page(request, view)


@router.get(
    "/{code}/",
    **described(
        answer='{"plan", "days", "would_change", "would_keep", "monthly_revenue_change", "currency"}',
        query={"days": "the number of days to preview"},
    ),
)
async def preview_page(request: Request, portal: ThePortal, _owner: SignedInOwner, code: str) -> Response:
    """The effect of another number of days: `?days=`."""
    typed = request.query_params.get("days", "")
    days = read_days(typed)
    if days is None:
        return await _refuse_days(request, portal, code, typed)
    return await _preview(request, portal, code, days, idempotency_key=str(new_id()))


class RetentionInput(ReasonInput):
    """`move`: "true" moves all companies of the plan. `version`: the version that the preview showed."""

    days: str
    move: str = ""
    version: str = ""


@router.post("/{code}/", **described(RetentionInput, '{"plan", "moved", "kept"}'))
async def change(
    request: Request,
    portal: ThePortal,
    owner: SteppedUpOwner,
    code: str,
    fields: Typed,
    idempotency_key: IdempotencyKey,
) -> Response:
    """Creates a new version of the plan; with `move` its companies are moved to it."""
    check_names(request, RetentionInput, fields)
    typed = fields.get("days", "")
    days = read_days(typed)
    if days is None:
        return await _refuse_days(request, portal, code, typed)
    reason = read_reason(fields)
    try:
        if problem := reason_problem(reason):
            raise InvalidInput(problem, field="reason")
        done = await change_retention(
            portal.get(PlanClient),
            code=code,
            days=days,
            seen=await _seen(portal, code, fields.get("version", "")),
            move=fields.get("move", "") not in {"", "no", "false"},
            action=Action(owner.email, reason, idempotency_key),
        )
    except AppError as error:
        if wants_json(request):
            raise
        return await _preview(request, portal, code, days, idempotency_key=idempotency_key, reason=reason, error=error)
    if done.moved:
        await catch_up_subscriptions(portal)
    if wants_json(request):
        return JSONResponse(_changed_json(done))
    return RedirectResponse(f"{PATH}?plan={done.plan.code}&moved={done.moved}&kept={len(done.kept)}#content", 303)


async def _view(portal: Portal) -> RetentionView:
    return await show_retention(portal.engine, catalogue=plan_versions(portal.get(PlanClient)))


def _page(request: Request, view: RetentionView, status: int = 200, *, code: str = "", typed: str = "") -> Response:
    """`code`: the plan whose `typed` number of days is invalid."""
    shown = {
        "done": _done(request),
        "refused": code,
        "typed": typed,
        "wrong_days": WRONG_DAYS,
        "longest": MAX_RETENTION_DAYS,
    }
    return render(request, "plans/retention.html", status, view=view, gaps=view.gaps, **shown)


async def _refuse_days(request: Request, portal: Portal, code: str, typed: str) -> Response:
    if wants_json(request):
        raise InvalidInput(WRONG_DAYS, field="days")
    view = await _view(portal)
    if code not in {each.plan.code for each in view.plans}:
        raise InvalidInput(WRONG_DAYS, field="days")
    return _page(request, view, 400, code=code, typed=typed)


async def _preview(
    request: Request,
    portal: Portal,
    code: str,
    days: int,
    *,
    idempotency_key: str,
    reason: str = "",
    error: AppError | None = None,
) -> Response:
    plans = portal.get(PlanClient)
    newest = await find_newest(plans, code)
    terms = next_terms(newest, days, seen=newest.version)
    preview = await preview_retention(portal.engine, catalogue=plans, newest=newest, terms=terms)
    effect = preview.effect
    if wants_json(request):
        return JSONResponse(
            {
                "plan": _plan_json(newest),
                "days": days,
                "would_change": effect.would_change,
                "would_keep": effect.would_keep,
                "monthly_revenue_change": effect.revenue_after.minor_units - effect.revenue_before.minor_units,
                "currency": effect.revenue_after.currency,
            }
        )
    status = http_status(error) if error else 200
    shown = {"idempotency_key": idempotency_key, "reason": reason, "error": error.message if error else ""}
    shown["reason_problem"] = error.message if isinstance(error, InvalidInput) else ""
    return render(request, "plans/retention_preview.html", status, preview=preview, days=days, **shown)


async def _seen(portal: Portal, code: str, version: str) -> int:
    """The version that the form shows; a script may omit it to mean the newest."""
    if version.isascii() and version.isdigit() and len(version) <= 9:
        return int(version)
    return (await find_newest(portal.get(PlanClient), code)).version


def _done(request: Request) -> str:
    plan, moved, kept = (request.query_params.get(name, "") for name in ("plan", "moved", "kept"))
    if not (plan.isidentifier() and moved.isdecimal() and kept.isdecimal()):
        return ""
    if moved == kept == "0":
        return f"{plan} has a new version. Companies on the plan keep theirs until you move them."
    said = f"{plan}: {'one company has' if int(moved) == 1 else f'{int(moved):,} companies have'} been moved."
    return said + (f" {int(kept):,} keep their version because their usage exceeds its limits." if int(kept) else "")


def _plan_json(plan: Plan) -> dict[str, Any]:
    return {
        "code": plan.code,
        "name": plan.name,
        "version": plan.version,
        "screenshot_retention_days": plan.screenshot_retention_days,
    }


def _changed_json(done: RetentionChange) -> dict[str, Any]:
    return {
        "plan": _plan_json(done.plan),
        "moved": done.moved,
        "kept": [
            {"company_id": str(each.company_id), "short_of": [short.resource.value for short in each.shortages]}
            for each in done.kept
        ],
    }
