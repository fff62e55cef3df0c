"""RevenueService over gRPC. The server has checked who is calling."""
# ruff: noqa: ARG002, N802 - names and parameters of the methods are the contract's

from collections import Counter
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from billing.fields.messages import from_limit, from_revision, to_money, to_timestamp
from billing.money.rules import Money
from billing.revenue.rules.months import MonthRange
from billing.revenue.rules.report import FigureRow, RevenueBridge, RevenueFigure, RevenueReport
from billing.revenue.use_cases import get_revenue_report, list_revenue_movements
from billing.subscriptions.messages import to_record, to_state
from billing.subscriptions.rules.movements import MrrMovement
from billing.subscriptions.rules.subscription import SubscriptionState
from contracts.billing.v1 import billing_pb2
from contracts.billing.v1 import revenue_pb2 as pb
from contracts.billing.v1.revenue_pb2_grpc import RevenueServiceServicer
from servicekit.errors import InvalidInput

_Context = Any


class RevenueServicer(RevenueServiceServicer):
    """Each call translates its request, calls a use case and translates the result."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def GetRevenueReport(
        self, request: pb.GetRevenueReportRequest, context: _Context
    ) -> pb.GetRevenueReportResponse:
        now = datetime.now(UTC)
        report = await get_revenue_report(self._engine, months=_months(request.range, now), now=now)
        return _report(report)

    async def ListRevenueMovements(
        self, request: pb.ListRevenueMovementsRequest, context: _Context
    ) -> pb.ListRevenueMovementsResponse:
        now = datetime.now(UTC)
        rows = await list_revenue_movements(
            self._engine,
            months=_months(request.range, now),
            figure=_figure(request.figure),
            after_revision=from_revision(request.after_revision, "after_revision"),
            limit=from_limit(request.limit),
            now=now,
        )
        return pb.ListRevenueMovementsResponse(movements=[_row(row) for row in rows])


def _figure(asked: "pb.RevenueFigure.ValueType") -> RevenueFigure:
    try:
        return RevenueFigure(pb.RevenueFigure.Name(asked).removeprefix("REVENUE_FIGURE_"))
    except ValueError:
        raise InvalidInput("Figure is missing: give a figure of the report.", field="figure") from None


def _months(message: pb.MonthRange, now: datetime) -> MonthRange:
    return MonthRange.checked(year=message.year, month=message.month, count=message.months, now=now)


def _report(report: RevenueReport) -> pb.GetRevenueReportResponse:
    states = Counter[SubscriptionState]()
    plans = Counter[tuple[str, int]]()
    revenue = Counter[tuple[str, int]]()
    for each in report.groups:
        states[each.state] += each.subscriptions
        if each.has_access:
            plans[each.plan_code, each.plan_version] += each.subscriptions
            revenue[each.plan_code, each.plan_version] += each.monthly_revenue
    return pb.GetRevenueReportResponse(
        bridge=_bridge(report.bridge, report.currency),
        months=[_bridge(month, report.currency) for month in report.months],
        annual_run_rate=_money(report.annual_run_rate, report.currency),
        net_revenue_retention=_ratio(report.net_retention),
        gross_revenue_retention=_ratio(report.gross_retention),
        trials_ended=report.trials_ended,
        trials_converted=report.trials_converted,
        trial_conversion=_ratio(report.trial_conversion),
        plans=[
            pb.PlanShare(
                plan_code=code,
                plan_version=version,
                subscriptions=count,
                monthly_revenue=_money(revenue[code, version], report.currency),
            )
            for (code, version), count in sorted(plans.items())
        ],
        states=[pb.StateCount(state=to_state(state), subscriptions=count) for state, count in sorted(states.items())],
        subscription_health=_ratio(report.health),
        average_seats=_ratio(report.average_seats),
        average_seats_in_use=_ratio(report.average_seats_in_use),
    )


def _bridge(bridge: RevenueBridge, currency: str) -> pb.RevenueBridge:
    amounts = {kind.lower(): _money(bridge.movements.get(kind, 0), currency) for kind in MrrMovement}
    return pb.RevenueBridge(
        since=to_timestamp(bridge.since),
        until=to_timestamp(bridge.until),
        start=_money(bridge.start, currency),
        end=_money(bridge.end, currency),
        **amounts,
    )


def _row(row: FigureRow) -> pb.RevenueMovement:
    return pb.RevenueMovement(
        record=to_record(row.record),
        amount=_money(row.revenue_change, row.record.subscription.plan.price_per_month.currency),
        movement=pb.RevenueFigure.Value(f"REVENUE_FIGURE_{row.movement or 'UNSPECIFIED'}"),
        seats_in_use=row.seats_in_use,
    )


def _money(minor_units: int, currency: str) -> billing_pb2.Money:
    return to_money(Money(minor_units, currency))


def _ratio(value: Fraction | None) -> float | None:
    return None if value is None else float(value)
