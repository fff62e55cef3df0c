"""The tracking policy of a company."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.encoders import jsonable_encoder
from starlette.responses import JSONResponse, Response

from owner_portal.access.pages import SignedInOwner
from owner_portal.clients.actions import Action
from owner_portal.companies.client import CompanySettingsClient
from owner_portal.companies.pages import questions
from owner_portal.companies.pages.edit_conflicts import check_unchanged, write_seen
from owner_portal.companies.rules.policy import (
    MAX_SECONDS,
    MIN_SECONDS,
    SWITCHES,
    TIMES,
    PolicyDraft,
    TrackingPolicy,
    is_on,
    read_seconds,
)
from owner_portal.directory.pages.actions import OwnerAction, attempt, done
from owner_portal.directory.pages.answers import company_json
from owner_portal.directory.pages.forms import Form, Texts, show
from owner_portal.directory.use_cases import find_company
from owner_portal.freshness.use_cases import cached_answer
from owner_portal.web.inputs import ReasonInput, described, parsed
from owner_portal.web.portal import Portal, ThePortal
from owner_portal.web.requests import wants_json

router = APIRouter(prefix="/owner/company/{company_id:uuid}/tracking-policy")


async def _policy(portal: Portal, company_id: UUID, typed: Texts) -> dict[str, object]:
    policy = await cached_answer(portal.engine, questions.policy(portal, company_id))
    draft = PolicyDraft(typed) if typed or policy.value is None else PolicyDraft.of(policy.value)
    seen = write_seen(_saved(policy.value)) if policy.value else ""
    return {"policy": policy, "draft": draft, "seen": seen, "limits": {"min": MIN_SECONDS, "max": MAX_SECONDS}}


def _saved(policy: TrackingPolicy) -> dict[str, str]:
    return dict(PolicyDraft.of(policy).given)


Seconds = Annotated[int, parsed(read_seconds, f"Enter whole seconds from {MIN_SECONDS} to {MAX_SECONDS:,}.")]
Switch = Annotated[bool, parsed(is_on, "Choose on or off.")]


class PolicyInput(ReasonInput):
    """The whole policy. A switch that is left out is off, as in a browser's form."""

    screenshots_enabled: Switch = False
    screenshot_interval_seconds: Seconds
    website_tracking_enabled: Switch = False
    app_tracking_enabled: Switch = False
    idle_detection_enabled: Switch = False
    idle_threshold_seconds: Seconds
    seen: str = ""

    def policy(self) -> TrackingPolicy:
        """The policy to save."""
        return TrackingPolicy(**{name: getattr(self, name) for name in (*SWITCHES, *TIMES)})


POLICY = Form(
    "companies/tracking_policy.html",
    PolicyInput,
    otherwise="changed in the owner portal",
    more=_policy,
)


@router.get("/", **described(answer='{"company", "policy"}'))
async def policy_page(request: Request, portal: ThePortal, _owner: SignedInOwner, company_id: UUID) -> Response:
    """The current policy, to change it."""
    if wants_json(request):
        company = await find_company(portal.engine, company_id=company_id)
        policy = await cached_answer(portal.engine, questions.policy(portal, company_id))
        return JSONResponse({"company": company_json(company), "policy": jsonable_encoder(policy)})
    return await show(request, portal, company_id, POLICY)


@router.post("/", **described(PolicyInput, '{"policy"}'))
async def set_policy(requested: OwnerAction) -> Response:
    """Replaces the whole policy; trackers apply it with their next poll."""

    async def carry_out(action: Action, fields: PolicyInput) -> Response:
        saved = await requested.portal.get(CompanySettingsClient).policy(requested.company_id)
        await check_unchanged(requested, _saved(saved), audited_as="set_tracking_policy")
        policy = await requested.portal.get(CompanySettingsClient).set_policy(
            requested.company_id, fields.policy(), action
        )
        return done(requested, "", "policy-changed", {"policy": jsonable_encoder(policy)})

    return await attempt(requested, POLICY, carry_out)
