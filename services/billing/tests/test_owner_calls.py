"""The calls of the owner over gRPC: a company is shown, changed, charged, paid for and reported."""

from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import grpc
import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine

from billing.subscriptions.messages import encode
from billing.subscriptions.use_cases.company_events import start_trial
from contracts.billing.v1 import audit_pb2, billing_pb2, invoices_pb2, plans_pb2, revenue_pb2, subscriptions_pb2
from contracts.billing.v1.action_pb2 import Action
from contracts.billing.v1.audit_pb2_grpc import AuditServiceStub
from contracts.billing.v1.billing_pb2 import Money
from contracts.billing.v1.invoices_pb2_grpc import InvoiceServiceStub
from contracts.billing.v1.plans_pb2_grpc import PlanServiceStub
from contracts.billing.v1.revenue_pb2_grpc import RevenueServiceStub
from contracts.billing.v1.subscriptions_pb2_grpc import SubscriptionServiceStub
from servicekit.errors import AppError, InvalidInput, NotFound, Refused
from servicekit.ids import new_id
from servicekit.rpc_client import call

ChannelAs = Callable[[str], grpc.aio.Channel]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def portal(channel_as: ChannelAs) -> SimpleNamespace:
    """The portal's stubs."""
    channel = channel_as("owner-portal")
    return SimpleNamespace(
        plans=PlanServiceStub(channel),
        subscriptions=SubscriptionServiceStub(channel),
        invoices=InvoiceServiceStub(channel),
        revenue=RevenueServiceStub(channel),
        audit=AuditServiceStub(channel),
    )


@pytest_asyncio.fixture(loop_scope="session")
async def company(engine: AsyncEngine) -> UUID:
    company = new_id()
    await start_trial(engine, encode, company_id=company, plan_code="PRO", now=datetime.now(UTC))
    return company


def wish(company: UUID, kind: Any, **fields: Any) -> Any:
    """A request that changes something about the company."""
    action = Action(actor="owner@example.com", reason="asked", idempotency_key=str(new_id()))
    return kind(action=action, company_id=str(company), **fields)


async def test_from_trial_to_payment(portal: SimpleNamespace, company: UUID) -> None:
    subscriptions, pb = portal.subscriptions, subscriptions_pb2
    renewed = await call(subscriptions.RenewSubscription, wish(company, pb.RenewSubscriptionRequest))
    assert renewed.subscription.state == billing_pb2.SUBSCRIPTION_STATE_ACTIVE
    assert renewed.subscription.monthly_revenue == Money(minor_units=9900, currency="USD")
    assert renewed.subscription.charged_until.seconds < renewed.subscription.expires_at.seconds  # the trial's days

    marked = await call(portal.invoices.MarkPastDue, wish(company, invoices_pb2.MarkPastDueRequest))
    assert marked.subscription.state == billing_pb2.SUBSCRIPTION_STATE_PAST_DUE
    amount = Money(minor_units=9900, currency="USD")
    payment = wish(company, invoices_pb2.RecordPaymentRequest, amount=amount, reference=f"bank {company}")
    paid = await call(portal.invoices.RecordPayment, payment)
    assert (paid.owed.minor_units, paid.payment.method) == (0, "manual")
    assert paid.subscription.state == billing_pb2.SUBSCRIPTION_STATE_ACTIVE
    payments = await call(portal.invoices.ListPayments, invoices_pb2.ListPaymentsRequest(company_id=str(company)))
    assert list(payments.payments) == [paid.payment]

    lines = await call(portal.invoices.ListInvoiceLines, invoices_pb2.ListInvoiceLinesRequest(company_id=str(company)))
    assert [(line.kind, line.amount.minor_units, line.revision) for line in lines.lines] == [
        (invoices_pb2.INVOICE_LINE_KIND_CHARGE, 9900, renewed.subscription.revision)
    ]
    details = await call(subscriptions.GetSubscription, pb.GetSubscriptionRequest(company_id=str(company)))
    assert (details.record.kind, details.owed.minor_units) == (pb.CHANGE_KIND_PAID, 0)
    assert (details.record.action.actor, details.record.action.reason) == ("owner@example.com", "asked")

    history = await call(
        subscriptions.ListSubscriptionHistory, pb.ListSubscriptionHistoryRequest(company_id=str(company))
    )
    assert [row.kind for row in history.records] == [
        pb.CHANGE_KIND_PAID,
        pb.CHANGE_KIND_PAST_DUE,
        pb.CHANGE_KIND_TRIAL_CONVERTED,
        pb.CHANGE_KIND_TRIAL_STARTED,
    ]


async def test_a_change_of_plan_is_previewed_scheduled_and_withdrawn(portal: SimpleNamespace, company: UUID) -> None:
    subscriptions, pb = portal.subscriptions, subscriptions_pb2
    await call(subscriptions.RenewSubscription, wish(company, pb.RenewSubscriptionRequest))
    asked = pb.PreviewPlanChangeRequest(company_id=str(company), plan_code="FREE")
    preview = await call(subscriptions.PreviewPlanChange, asked)
    assert (preview.is_downgrade, preview.timing) == (True, pb.CHANGE_TIMING_PERIOD_END)
    assert (preview.net.minor_units, preview.monthly_revenue_change.minor_units) == (0, -9900)
    asked.timing = pb.CHANGE_TIMING_NOW
    now = await call(subscriptions.PreviewPlanChange, asked)
    assert (now.net.minor_units, len(now.lines)) == (-9900, 1)

    changed = await call(subscriptions.ChangePlan, wish(company, pb.ChangePlanRequest, plan_code="FREE"))
    assert changed.scheduled.due_at == changed.subscription.expires_at == preview.effective_at
    listed = await call(subscriptions.ListScheduledChanges, pb.ListScheduledChangesRequest(company_id=str(company)))
    assert list(listed.changes) == [changed.scheduled]
    action = Action(actor="owner@example.com", reason="changed their mind", idempotency_key=str(new_id()))
    withdraw = pb.CancelScheduledChangeRequest(action=action, id=changed.scheduled.id)
    withdrawn = await call(subscriptions.CancelScheduledChange, withdraw)
    assert withdrawn.change.state == pb.SCHEDULED_CHANGE_STATE_WITHDRAWN
    cancelled = await call(subscriptions.CancelSubscription, wish(company, pb.CancelSubscriptionRequest, at_once=True))
    assert cancelled.subscription.state == billing_pb2.SUBSCRIPTION_STATE_CANCELLED
    assert sum(line.amount.minor_units for line in cancelled.lines) == pytest.approx(-9900, abs=5)
    extended = await call(subscriptions.ExtendSubscription, wish(company, pb.ExtendSubscriptionRequest, days=5))
    assert extended.subscription.state == billing_pb2.SUBSCRIPTION_STATE_ACTIVE
    assert not extended.subscription.HasField("charged_until")


async def test_a_new_version_is_previewed_and_taken_over(portal: SimpleNamespace, company: UUID) -> None:
    before = await call(
        portal.subscriptions.GetSubscription, subscriptions_pb2.GetSubscriptionRequest(company_id=str(company))
    )
    shown = before.record.subscription
    terms = plans_pb2.PlanTerms(
        code="PRO",
        name="Pro",
        price_per_month=Money(minor_units=11900, currency="USD"),
        seats=shown.seats,
        storage_bytes=shown.storage_bytes,
        screenshot_retention_days=90,
    )
    preview = await call(portal.plans.PreviewPlanVersion, plans_pb2.PreviewPlanVersionRequest(terms=terms, limit=1))
    assert preview.would_change >= 1
    action = Action(actor="owner@example.com", reason="dearer", idempotency_key=str(new_id()))
    created = await call(portal.plans.CreatePlanVersion, plans_pb2.CreatePlanVersionRequest(action=action, terms=terms))
    action.idempotency_key += "-move"
    move = plans_pb2.MoveSubscriptionsRequest(action=action, plan_code="PRO", to_version=created.plan.version)
    moved = await call(portal.plans.MoveSubscriptions, move)
    assert str(company) in moved.moved_company_ids
    assert (len(moved.moved_company_ids), moved.next_company_id) == (preview.would_change, "")
    change = preview.monthly_revenue_after.minor_units - preview.monthly_revenue_before.minor_units
    assert moved.monthly_revenue_change.minor_units == change


async def test_the_report_and_its_rows(portal: SimpleNamespace, company: UUID) -> None:
    await call(portal.subscriptions.RenewSubscription, wish(company, subscriptions_pb2.RenewSubscriptionRequest))
    now = datetime.now(UTC)
    months = revenue_pb2.MonthRange(year=now.year, month=now.month)
    report = await call(portal.revenue.GetRevenueReport, revenue_pb2.GetRevenueReportRequest(range=months))
    bridge = report.bridge
    moved = (bridge.new, bridge.expansion, bridge.contraction, bridge.churn, bridge.reactivation)
    assert bridge.start.minor_units + sum(each.minor_units for each in moved) == bridge.end.minor_units
    assert report.annual_run_rate.minor_units == 12 * bridge.end.minor_units
    assert (report.trials_converted, report.trial_conversion > 0) == (report.trials_ended, True)
    assert sum(each.monthly_revenue.minor_units for each in report.plans) == bridge.end.minor_units
    assert report.HasField("average_seats")
    assert not report.HasField("net_revenue_retention")  # nobody paid at the start
    request = revenue_pb2.ListRevenueMovementsRequest(range=months, figure=revenue_pb2.REVENUE_FIGURE_NEW)
    rows = await call(portal.revenue.ListRevenueMovements, request)
    assert sum(row.amount.minor_units for row in rows.movements) == bridge.new.minor_units
    assert {row.movement for row in rows.movements} == {revenue_pb2.REVENUE_FIGURE_NEW}
    assert str(company) in {row.record.subscription.company_id for row in rows.movements}


NONSENSE = [
    ("subscriptions", "GetSubscription", subscriptions_pb2.GetSubscriptionRequest(company_id="x"), InvalidInput),
    (
        "subscriptions",
        "GetSubscription",
        subscriptions_pb2.GetSubscriptionRequest(company_id=str(UUID(int=1))),
        NotFound,
    ),
    (
        "subscriptions",
        "ListSubscriptionHistory",
        subscriptions_pb2.ListSubscriptionHistoryRequest(company_id=str(UUID(int=1)), before_revision=2**63),
        InvalidInput,
    ),
    (
        "subscriptions",
        "PreviewPlanChange",
        subscriptions_pb2.PreviewPlanChangeRequest(company_id=str(UUID(int=1)), plan_version=2**31),
        InvalidInput,
    ),
    ("revenue", "GetRevenueReport", revenue_pb2.GetRevenueReportRequest(), InvalidInput),
    (
        "revenue",
        "ListRevenueMovements",
        revenue_pb2.ListRevenueMovementsRequest(range=revenue_pb2.MonthRange(year=2026, month=1)),
        InvalidInput,
    ),
    (
        "plans",
        "PreviewPlanVersion",
        plans_pb2.PreviewPlanVersionRequest(terms=plans_pb2.PlanTerms(code="PRO", name="Pro")),
        InvalidInput,
    ),
    ("invoices", "ListPayments", invoices_pb2.ListPaymentsRequest(before_id="x"), InvalidInput),
    ("invoices", "GetPayment", invoices_pb2.GetPaymentRequest(company_id="x"), InvalidInput),
    (
        "invoices",
        "GetPayment",
        invoices_pb2.GetPaymentRequest(company_id=str(UUID(int=1)), payment_id="x"),
        InvalidInput,
    ),
    (
        "invoices",
        "RecordPayment",
        wish(UUID(int=1), invoices_pb2.RecordPaymentRequest, method="barter"),
        InvalidInput,
    ),
]


@pytest.mark.parametrize(("service", "method", "request_", "kind"), NONSENSE)
async def test_nonsense_is_refused_by_name(
    portal: SimpleNamespace, service: str, method: str, request_: Any, kind: type[AppError]
) -> None:
    with pytest.raises(kind):
        await call(getattr(getattr(portal, service), method), request_)


async def test_an_unknown_timing_is_refused(portal: SimpleNamespace, company: UUID) -> None:
    request = wish(company, subscriptions_pb2.ChangePlanRequest, plan_code="FREE", timing=7)
    with pytest.raises(InvalidInput, match="Timing 7 is unknown"):
        await call(portal.subscriptions.ChangePlan, request)
    with pytest.raises(Refused, match="Only an active, charged subscription can be past due"):
        await call(portal.invoices.MarkPastDue, wish(company, invoices_pb2.MarkPastDueRequest))


UNREADABLE = [
    (service, method, kind, field, broken)
    for service, method, kind, field in (
        ("subscriptions", "ChangePlan", subscriptions_pb2.ChangePlanRequest, "plan_code"),
        ("subscriptions", "PreviewPlanChange", subscriptions_pb2.PreviewPlanChangeRequest, "plan_code"),
        ("plans", "MoveSubscriptions", plans_pb2.MoveSubscriptionsRequest, "plan_code"),
        ("invoices", "RecordPayment", invoices_pb2.RecordPaymentRequest, "reference"),
        ("invoices", "RecordPayment", invoices_pb2.RecordPaymentRequest, "method"),
        ("audit", "ListAuditEntries", audit_pb2.ListAuditEntriesRequest, "actor"),
        ("audit", "ListAuditEntries", audit_pb2.ListAuditEntriesRequest, "action"),
    )
    for broken in ("P\0O", "P\nO", "P\x1bO", "P\u2028O", "P" * 300)
]


@pytest.mark.parametrize(("service", "method", "kind", "field", "broken"), UNREADABLE)
async def test_text_that_is_none_never_reaches_the_database(
    portal: SimpleNamespace, company: UUID, service: str, method: str, kind: Any, field: str, broken: str
) -> None:
    request = kind(**{field: broken})
    names = kind.DESCRIPTOR.fields_by_name
    if "company_id" in names:
        request.company_id = str(company)
    if "action" in names and field != "action" and names["action"].message_type:
        request.action.MergeFrom(Action(actor="owner@example.com", idempotency_key=str(new_id())))
    if "amount" in names:
        request.amount.MergeFrom(Money(minor_units=1, currency="USD"))
    with pytest.raises(InvalidInput, match=r"^[A-Z]"):
        await call(getattr(getattr(portal, service), method), request)


async def test_the_default_timing_is_shown_with_any_timing(portal: SimpleNamespace, company: UUID) -> None:
    subscriptions, pb = portal.subscriptions, subscriptions_pb2
    await call(subscriptions.RenewSubscription, wish(company, pb.RenewSubscriptionRequest))
    for code, default in (("FREE", pb.CHANGE_TIMING_PERIOD_END), ("ENTERPRISE", pb.CHANGE_TIMING_NOW)):
        for timing in (pb.CHANGE_TIMING_NOW, pb.CHANGE_TIMING_PERIOD_END):
            asked = pb.PreviewPlanChangeRequest(company_id=str(company), plan_code=code, timing=timing)
            preview = await call(subscriptions.PreviewPlanChange, asked)
            assert (preview.timing, preview.default_timing) == (timing, default)


async def test_a_mistaken_payment_is_reversed(portal: SimpleNamespace, company: UUID) -> None:
    pb = invoices_pb2
    amount = Money(minor_units=9900, currency="USD")
    much = wish(company, pb.RecordPaymentRequest, amount=amount, only_what_is_owed=True)
    with pytest.raises(Refused, match=r"There is no balance due: 99\.00 USD would be a prepayment"):
        await call(portal.invoices.RecordPayment, much)
    paid = await call(portal.invoices.RecordPayment, wish(company, pb.RecordPaymentRequest, amount=amount))
    assert paid.owed.minor_units == -9900
    back = wish(company, pb.ReversePaymentRequest, payment_id=paid.payment.id)
    taken = await call(portal.invoices.ReversePayment, back)
    assert (taken.owed.minor_units, taken.payment.reverses) == (0, paid.payment.id)
    assert await call(portal.invoices.ReversePayment, back) == taken
    listed = await call(portal.invoices.ListPayments, pb.ListPaymentsRequest(company_id=str(company)))
    assert [(each.amount.minor_units, each.is_reversed) for each in listed.payments] == [(-9900, False), (9900, True)]
    for payment in listed.payments:
        asked = pb.GetPaymentRequest(company_id=str(company), payment_id=payment.id)
        assert (await call(portal.invoices.GetPayment, asked)).payment == payment
    for elsewhere, unknown in ((new_id(), paid.payment.id), (company, new_id())):
        asked = pb.GetPaymentRequest(company_id=str(elsewhere), payment_id=str(unknown))
        with pytest.raises(NotFound, match="has no payment"):
            await call(portal.invoices.GetPayment, asked)


async def test_refused_steps_are_listed_with_reasons(portal: SimpleNamespace, company: UUID) -> None:
    pb = subscriptions_pb2

    async def refusals() -> dict[str, str]:
        asked = pb.GetSubscriptionRequest(company_id=str(company))
        details = await call(portal.subscriptions.GetSubscription, asked)
        return {pb.SubscriptionStep.Name(each.step).split("STEP_")[1]: each.reason for each in details.refusals}

    assert list(await refusals()) == ["MARK_PAST_DUE"]
    await call(portal.subscriptions.RenewSubscription, wish(company, pb.RenewSubscriptionRequest))
    told = await refusals()
    assert list(told) == ["RENEW"]
    assert told["RENEW"].startswith("The subscription renews automatically on ")
    with pytest.raises(Refused, match=told["RENEW"]):
        await call(portal.subscriptions.RenewSubscription, wish(company, pb.RenewSubscriptionRequest))
