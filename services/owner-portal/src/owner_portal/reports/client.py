"""billing: revenue. Every call may raise Unavailable."""

from datetime import date
from typing import Any
from uuid import UUID

from contracts.billing.v1 import revenue_pb2 as pb
from contracts.billing.v1 import subscriptions_pb2
from contracts.billing.v1.revenue_pb2_grpc import RevenueServiceStub
from owner_portal.clients.channels import Channel
from owner_portal.clients.timestamps import from_timestamp
from owner_portal.reports.rules.revenue import Bridge, Figure, Movement, PlanShare, RevenueReport


class RevenueClient:
    """Calls over billing's channel."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._stub = RevenueServiceStub(channel.grpc)

    async def report(self, first: date, months: int) -> RevenueReport:
        """`first`: any day of the first month. InvalidInput for months that have not begun."""
        request = pb.GetRevenueReportRequest(range=_range(first, months))
        answer = await self._channel.ask(self._stub.GetRevenueReport, request)
        return RevenueReport(
            currency=answer.annual_run_rate.currency,
            bridge=_bridge(answer.bridge),
            months=[_bridge(month) for month in answer.months],
            annual_run_rate=answer.annual_run_rate.minor_units,
            net_retention=_ratio(answer, "net_revenue_retention"),
            gross_retention=_ratio(answer, "gross_revenue_retention"),
            trials_ended=answer.trials_ended,
            trials_converted=answer.trials_converted,
            trial_conversion=_ratio(answer, "trial_conversion"),
            plans=[
                PlanShare(share.plan_code, share.plan_version, share.subscriptions, share.monthly_revenue.minor_units)
                for share in answer.plans
            ],
            health=_ratio(answer, "subscription_health"),
            average_seats=_ratio(answer, "average_seats"),
            average_seats_in_use=_ratio(answer, "average_seats_in_use"),
        )

    async def movements(
        self, first: date, months: int, figure: Figure, *, after_revision: int = 0, limit: int
    ) -> list[Movement]:
        """The rows behind a figure, the oldest first; `after_revision`: the last one of the page before."""
        request = pb.ListRevenueMovementsRequest(
            range=_range(first, months),
            figure=pb.RevenueFigure.Value(f"REVENUE_FIGURE_{figure}"),
            after_revision=after_revision,
            limit=limit,
        )
        answer = await self._channel.ask(self._stub.ListRevenueMovements, request)
        return [_movement(row) for row in answer.movements]


def _range(first: date, months: int) -> pb.MonthRange:
    return pb.MonthRange(year=first.year, month=first.month, months=months)


def _bridge(message: pb.RevenueBridge) -> Bridge:
    return Bridge(
        since=from_timestamp(message.since),
        until=from_timestamp(message.until),
        start=message.start.minor_units,
        new=message.new.minor_units,
        expansion=message.expansion.minor_units,
        contraction=message.contraction.minor_units,
        churn=message.churn.minor_units,
        reactivation=message.reactivation.minor_units,
        end=message.end.minor_units,
    )


def _movement(row: pb.RevenueMovement) -> Movement:
    subscription = row.record.subscription
    return Movement(
        company_id=UUID(subscription.company_id),
        revision=subscription.revision,
        at=from_timestamp(row.record.changed_at),
        kind=subscriptions_pb2.ChangeKind.Name(row.record.kind).removeprefix("CHANGE_KIND_"),
        plan_code=subscription.plan_code,
        amount=row.amount.minor_units,
        currency=row.amount.currency,
        actor=row.record.action.actor,
        reason=row.record.action.reason,
    )


def _ratio(message: Any, field: str) -> float | None:
    return float(getattr(message, field)) if message.HasField(field) else None
