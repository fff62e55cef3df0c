"""billing: the catalogue of plans and its versions. Every call may raise Unavailable."""

from uuid import UUID

from contracts.billing.v1 import billing_pb2, plans_pb2
from contracts.billing.v1.billing_pb2_grpc import BillingServiceStub
from contracts.billing.v1.plans_pb2_grpc import PlanServiceStub
from owner_portal.clients.actions import Action
from owner_portal.clients.channels import Channel
from owner_portal.plans.messages import from_money, from_plan, from_shortage, to_action, to_money
from owner_portal.plans.rules.plans import Kept, Money, Moved, Plan, VersionEffect, VersionPreview

MOVE_WITHIN = 30.0  # seconds for a thousand companies


class PlanClient:
    """Calls over billing's channel."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._catalogue = BillingServiceStub(channel.grpc)
        self._stub = PlanServiceStub(channel.grpc)

    async def versions(self) -> list[Plan]:
        """All versions of all plans, cheapest plan first, newest version first."""
        request = billing_pb2.ListPlansRequest(include_all_versions=True)
        answer = await self._channel.ask(self._catalogue.ListPlans, request)
        return [from_plan(plan) for plan in answer.plans]

    async def on_offer(self) -> list[Plan]:
        """The plans on offer, cheapest first."""
        answer = await self._channel.ask(self._catalogue.ListPlans, billing_pb2.ListPlansRequest())
        return [from_plan(plan) for plan in answer.plans]

    async def preview_version(self, terms: Plan, *, limit: int) -> VersionPreview:
        """The effect of these terms on the companies of the plan, with the first `limit` companies by id."""
        request = plans_pb2.PreviewPlanVersionRequest(terms=_terms(terms), limit=limit)
        answer = await self._channel.ask(self._stub.PreviewPlanVersion, request)
        return VersionPreview(
            would_change=answer.would_change,
            would_keep=answer.would_keep,
            revenue_before=from_money(answer.monthly_revenue_before),
            revenue_after=from_money(answer.monthly_revenue_after),
            effects=[
                VersionEffect(
                    company_id=UUID(effect.company_id),
                    plan_version=effect.plan_version,
                    shortages=[from_shortage(shortage) for shortage in effect.shortages],
                )
                for effect in answer.effects
            ],
            more=bool(answer.next_company_id),
        )

    async def create_version(self, terms: Plan, action: Action) -> Plan:
        """Creates the next version, on offer immediately. Conflict: the newest one has these terms. InvalidInput."""
        request = plans_pb2.CreatePlanVersionRequest(action=to_action(action), terms=_terms(terms))
        return from_plan((await self._channel.ask(self._stub.CreatePlanVersion, request)).plan)

    async def move(self, code: str, version: int, action: Action, *, after: UUID | None) -> Moved:
        """Moves up to 1,000 companies of a plan, ordered by id, to another version, immediately and prorated."""
        request = plans_pb2.MoveSubscriptionsRequest(
            action=to_action(action),
            plan_code=code,
            to_version=version,
            after_company_id=str(after) if after else "",
        )
        answer = await self._channel.ask(self._stub.MoveSubscriptions, request, deadline=MOVE_WITHIN)
        return Moved(
            companies=[UUID(company_id) for company_id in answer.moved_company_ids],
            kept=[
                Kept(UUID(kept.company_id), [from_shortage(shortage) for shortage in kept.shortages])
                for kept in answer.kept
            ],
            following=UUID(answer.next_company_id) if answer.next_company_id else None,
        )


def _terms(plan: Plan) -> plans_pb2.PlanTerms:
    return plans_pb2.PlanTerms(
        code=plan.code,
        name=plan.name,
        price_per_month=to_money(Money(plan.price_minor_units, plan.currency)),
        seats=plan.seats,
        storage_bytes=plan.storage_bytes,
        screenshot_retention_days=plan.screenshot_retention_days,
    )
