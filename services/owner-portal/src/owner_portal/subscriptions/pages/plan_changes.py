"""Plan changes, with a preview first."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.encoders import jsonable_encoder
from starlette.responses import JSONResponse, Response

from owner_portal.access.pages import SignedInOwner
from owner_portal.clients.actions import Action
from owner_portal.directory.pages.actions import OwnerAction, StepUpAction, attempt, done
from owner_portal.directory.pages.answers import update_subscription_copy
from owner_portal.directory.pages.forms import Form, Texts, show, when_closed
from owner_portal.directory.rules import CompanyPage
from owner_portal.freshness.use_cases import cached_answer
from owner_portal.plans.client import PlanClient
from owner_portal.plans.use_cases import plans_on_offer
from owner_portal.subscriptions.client.subscriptions import SubscriptionClient
from owner_portal.subscriptions.pages import questions
from owner_portal.subscriptions.pages.lifecycle import CHANGED, changed_json
from owner_portal.subscriptions.rules.subscriptions import PlanPreview, ScheduledChange, Timing
from owner_portal.text.rules import UNREADABLE
from owner_portal.web.formats import day
from owner_portal.web.inputs import Input, ReasonInput, described, parsed, problems_of, validate
from owner_portal.web.portal import Portal, ThePortal
from owner_portal.web.requests import readable, wants_json
from servicekit.errors import AppError, InvalidInput, NotFound, Unavailable

router = APIRouter(prefix="/owner/company/{company_id:uuid}")

MAX_PLAN_CODE = 32


@dataclass(frozen=True, slots=True)
class Choice:
    """One timing of the change: its preview, or why there is none. `is_known`: billing has responded."""

    timing: Timing
    preview: PlanPreview | None
    problem: str = ""
    is_known: bool = True

    @property
    def is_possible(self) -> bool:
        return self.preview is not None and not self.preview.shortages


def _read_timing(typed: str) -> str | None:
    return typed if typed in {"", *Timing} else None


WRONG_VERSION = "Enter the version of the plan as a number, or leave this empty for the newest."


def _read_code(typed: str) -> str | None:
    fits = 0 < len(typed) <= MAX_PLAN_CODE and UNREADABLE not in typed and typed.isprintable()
    return typed if fits else None


def _read_version(typed: str) -> int | None:
    if not typed:
        return 0
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else None


class ChosenPlan(Input):
    """The plan to preview. `plan_version`: empty: the newest."""

    plan_code: Annotated[str, parsed(_read_code, "Choose one of the plans.")]
    plan_version: Annotated[int, parsed(_read_version, WRONG_VERSION)] = 0


class PlanChangeInput(ChosenPlan, ReasonInput):
    """The change. `timing`: empty: billing's default."""

    timing: Annotated[str, parsed(_read_timing, f"Choose one of these: {', '.join(Timing)}.")] = ""


async def _more(portal: Portal, company_id: UUID, typed: Texts) -> Mapping[str, object]:
    """The plans on offer, and the previews of the chosen one for both timings."""
    ways = [] if problems_of(ChosenPlan, typed) else [_choice(portal, company_id, typed, timing) for timing in Timing]
    loading = cached_answer(portal.engine, plans_on_offer(portal.get(PlanClient)))
    plans, choices = await asyncio.gather(loading, asyncio.gather(*ways))
    previews = [choice.preview for choice in choices if choice.preview]
    # The previewed version is applied, even if a newer one exists by then.
    version = str(previews[0].plan.version) if previews else typed.get("plan_version", "")
    return {
        "plans": plans,
        "chosen": typed.get("plan_code", ""),
        "version": version,
        "choices": choices,
        "preselected": _preselected(choices),
    }


def _preselected(choices: Sequence[Choice]) -> str:
    """Billing's default timing if it is possible, otherwise a possible one; empty: none is."""
    possible = [choice.timing for choice in choices if choice.is_possible]
    default = next((choice.preview.default_timing for choice in choices if choice.preview), None)
    return default if default in possible else next(iter(possible), "")


async def _choice(portal: Portal, company_id: UUID, typed: Texts, timing: Timing) -> Choice:
    chosen = validate(ChosenPlan, typed)
    try:
        preview = await portal.get(SubscriptionClient).preview_change(
            company_id, chosen.plan_code, chosen.plan_version, timing
        )
    except AppError as error:
        return Choice(timing, None, error.message, is_known=not isinstance(error, Unavailable))
    return Choice(timing, preview)


CHANGE = Form("subscriptions/change_plan.html", PlanChangeInput, otherwise="changed in the owner portal", more=_more)


@router.get(
    "/change-plan/",
    **described(
        answer='{"plans", "chosen", "version", "choices", "preselected"}',
        query={"plan_code": "the plan to preview", "plan_version": "its version; the newest otherwise"},
    ),
)
async def change_page(request: Request, portal: ThePortal, _owner: SignedInOwner, company_id: UUID) -> Response:
    """The plans; with `?plan_code=` the preview of a change. A script gets the same as JSON."""
    query = request.query_params
    typed = {name: readable(query[name]) for name in ("plan_code", "plan_version") if name in query}
    problems = problems_of(ChosenPlan, typed) if typed else {}
    if not wants_json(request):
        return await show(request, portal, company_id, CHANGE, typed, problems)
    if problems:
        raise InvalidInput(" ".join(problems.values()), errors=problems)
    return JSONResponse(jsonable_encoder(await _more(portal, company_id, typed)))


@router.post("/change-plan/", **described(PlanChangeInput, CHANGED))
async def change_plan(requested: StepUpAction) -> Response:
    """Changes the plan now or at the end of the period; without `timing` by billing's default."""

    async def carry_out(action: Action, fields: PlanChangeInput) -> Response:
        timing = Timing(fields.timing) if fields.timing else None
        changed = await requested.portal.get(SubscriptionClient).change_plan(
            requested.company_id, fields.plan_code, fields.plan_version, timing, action
        )
        await update_subscription_copy(requested.portal, changed.subscription)
        return done(requested, "", "plan-scheduled" if changed.scheduled else "plan-changed", changed_json(changed))

    return await attempt(requested, CHANGE, carry_out)


@router.get("/scheduled-changes/{change_id:uuid}/cancel/", **described(answer='{"company"}'))
async def withdraw_page(
    request: Request, portal: ThePortal, _owner: SignedInOwner, company_id: UUID, change_id: UUID
) -> Response:
    """The scheduled change to withdraw."""
    return await show(request, portal, company_id, _withdrawal(change_id))


@router.post("/scheduled-changes/{change_id:uuid}/cancel/", **described(ReasonInput, '{"scheduled"}'))
async def withdraw(requested: OwnerAction, change_id: UUID) -> Response:
    """Withdraws the scheduled change."""

    async def carry_out(action: Action, _fields: ReasonInput) -> Response:
        change = await requested.portal.get(SubscriptionClient).cancel_scheduled(
            requested.company_id, change_id, action
        )
        return done(requested, "", "change-withdrawn", {"scheduled": jsonable_encoder(change)})

    return await attempt(requested, _withdrawal(change_id), carry_out)


def _withdrawal(change_id: UUID) -> Form[ReasonInput]:
    async def more(portal: Portal, company_id: UUID, _typed: Texts) -> dict[str, object]:
        scheduled = await cached_answer(portal.engine, questions.scheduled(portal, company_id, settled=True))
        found = next((change for change in scheduled.value or () if change.change_id == change_id), None)
        if found is None and scheduled.fresh:
            raise NotFound("This company has no such scheduled change.")
        return {"scheduled": scheduled, "change": found}

    return Form(
        "subscriptions/cancel_scheduled.html",
        ReasonInput,
        otherwise="withdrawn in the owner portal",
        more=more,
        blocked_reason=_when_settled,
    )


def _when_settled(company: CompanyPage, known: Mapping[str, Any]) -> str:
    change: ScheduledChange | None = known["change"]
    if change is None or change.state == "PENDING":
        return when_closed(company, known)
    settled = f"{change.state.lower()} on {day(change.due_at)}"
    return f"This change was {settled} and can no longer be withdrawn."
