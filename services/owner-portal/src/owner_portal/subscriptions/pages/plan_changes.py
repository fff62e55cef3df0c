"""Another plan for a company: what it would do is shown before it is done."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.encoders import jsonable_encoder
from starlette.responses import JSONResponse, Response

from owner_portal.access.pages import SignedInOwner
from owner_portal.clients.actions import Action
from owner_portal.directory.pages.actions import AnAction, ASureAction, attempt, done
from owner_portal.directory.pages.answers import remember_subscription
from owner_portal.directory.pages.forms import Form, Texts, show, when_closed
from owner_portal.directory.rules import CompanyPage
from owner_portal.freshness.use_cases import with_memory
from owner_portal.plans.client import PlanClient
from owner_portal.plans.use_cases import plans_on_offer
from owner_portal.subscriptions.client.subscriptions import SubscriptionClient
from owner_portal.subscriptions.pages import questions
from owner_portal.subscriptions.pages.lifecycle import changed_json
from owner_portal.subscriptions.rules.subscriptions import PlanPreview, ScheduledChange, Timing
from owner_portal.text.rules import UNREADABLE
from owner_portal.web.formats import day
from owner_portal.web.portal import Portal, ThePortal
from owner_portal.web.requests import readable, wants_json
from servicekit.errors import AppError, InvalidInput, NotFound, Unavailable

router = APIRouter(prefix="/owner/company/{company_id:uuid}")

LONGEST_CODE = 32


@dataclass(frozen=True, slots=True)
class Choice:
    """One way to change: what it would do, or why that cannot be said. `is_known`: billing has answered."""

    timing: Timing
    preview: PlanPreview | None
    problem: str = ""
    is_known: bool = True

    @property
    def is_possible(self) -> bool:
        return self.preview is not None and not self.preview.shortages


def _check(typed: Texts) -> dict[str, str]:
    problems = _check_plan(typed)
    if typed.get("timing", "") not in {"", *Timing}:
        problems["timing"] = f"Choose one of these: {', '.join(Timing)}."
    return problems


def _check_plan(typed: Texts) -> dict[str, str]:
    code, version, problems = typed.get("plan_code", ""), typed.get("plan_version", ""), {}
    if not code or len(code) > LONGEST_CODE or UNREADABLE in code or not code.isprintable():
        problems["plan_code"] = "Choose one of the plans."
    if version and not (version.isascii() and version.isdigit() and len(version) < 10):
        problems["plan_version"] = "Give a version of the plan as a number, or nothing for the newest."
    return problems


async def _more(portal: Portal, company_id: UUID, typed: Texts) -> Mapping[str, object]:
    """The plans on offer, and of the chosen one what it would do at once and at the end of the period."""
    ways = [] if _check_plan(typed) else [_choice(portal, company_id, typed, timing) for timing in Timing]
    asked = with_memory(portal.engine, plans_on_offer(portal.get(PlanClient)))
    plans, choices = await asyncio.gather(asked, asyncio.gather(*ways))
    previews = [choice.preview for choice in choices if choice.preview]
    # What is seen is what is done, also when another version is on offer by then.
    version = str(previews[0].plan.version) if previews else typed.get("plan_version", "")
    return {
        "plans": plans,
        "chosen": typed.get("plan_code", ""),
        "version": version,
        "choices": choices,
        "preselected": _preselected(choices),
    }


def _preselected(choices: Sequence[Choice]) -> str:
    """When billing would do it if nobody chose; where that is not possible, what is; empty: nothing is."""
    possible = [choice.timing for choice in choices if choice.is_possible]
    default = next((choice.preview.default_timing for choice in choices if choice.preview), None)
    return default if default in possible else next(iter(possible), "")


async def _choice(portal: Portal, company_id: UUID, typed: Texts, timing: Timing) -> Choice:
    try:
        preview = await portal.get(SubscriptionClient).preview_change(
            company_id, typed["plan_code"], _version(typed), timing
        )
    except AppError as error:
        return Choice(timing, None, error.message, is_known=not isinstance(error, Unavailable))
    return Choice(timing, preview)


CHANGE = Form("subscriptions/change_plan.html", otherwise="changed in the owner portal", check=_check, more=_more)


@router.get("/change-plan/")
async def change_page(request: Request, portal: ThePortal, _owner: SignedInOwner, company_id: UUID) -> Response:
    """The plans; with `?plan_code=` what a change to that one would do. A script gets the same as JSON."""
    query = request.query_params
    typed = {name: readable(query[name]) for name in ("plan_code", "plan_version") if name in query}
    problems = _check_plan(typed) if typed else {}
    if not wants_json(request):
        return await show(request, portal, company_id, CHANGE, typed, problems)
    if problems:
        raise InvalidInput(" ".join(f"{name}: {problem}" for name, problem in problems.items()))
    return JSONResponse(jsonable_encoder(await _more(portal, company_id, typed)))


@router.post("/change-plan/")
async def change_plan(asked: ASureAction) -> Response:
    """Changes the plan now or at the end of the period; without `timing` as billing's rules say."""

    async def carry_out(action: Action) -> Response:
        timing = Timing(asked.typed["timing"]) if asked.typed.get("timing") else None
        changed = await asked.portal.get(SubscriptionClient).change_plan(
            asked.company_id, asked.typed["plan_code"], _version(asked.typed), timing, action
        )
        await remember_subscription(asked.portal, changed.subscription)
        return done(asked, "", "plan-scheduled" if changed.scheduled else "plan-changed", changed_json(changed))

    return await attempt(asked, CHANGE, carry_out)


@router.get("/scheduled-changes/{change_id:uuid}/cancel/")
async def withdraw_page(
    request: Request, portal: ThePortal, _owner: SignedInOwner, company_id: UUID, change_id: UUID
) -> Response:
    """What was to happen and would not."""
    return await show(request, portal, company_id, _withdrawal(change_id))


@router.post("/scheduled-changes/{change_id:uuid}/cancel/")
async def withdraw(asked: AnAction, change_id: UUID) -> Response:
    """The scheduled change does not happen."""

    async def carry_out(action: Action) -> Response:
        change = await asked.portal.get(SubscriptionClient).cancel_scheduled(asked.company_id, change_id, action)
        return done(asked, "", "change-withdrawn", {"scheduled": jsonable_encoder(change)})

    return await attempt(asked, _withdrawal(change_id), carry_out)


def _withdrawal(change_id: UUID) -> Form:
    async def more(portal: Portal, company_id: UUID, _typed: Texts) -> dict[str, object]:
        scheduled = await with_memory(portal.engine, questions.scheduled(portal, company_id, settled=True))
        found = next((change for change in scheduled.value or () if change.change_id == change_id), None)
        if found is None and scheduled.fresh:
            raise NotFound("This company has no such scheduled change.")
        return {"scheduled": scheduled, "change": found}

    return Form(
        "subscriptions/cancel_scheduled.html",
        otherwise="withdrawn in the owner portal",
        more=more,
        hindrance=_when_settled,
    )


def _when_settled(company: CompanyPage, known: Mapping[str, Any]) -> str:
    change: ScheduledChange | None = known["change"]
    if change is None or change.state == "PENDING":
        return when_closed(company, known)
    settled = f"{change.state.lower()} on {day(change.due_at)}"
    return f"This change was {settled}: there is nothing to withdraw any more."


def _version(typed: Texts) -> int:
    return int(typed.get("plan_version") or 0)
