"""The reports as charts, by the names under which they can be downloaded."""

from collections.abc import Mapping

from owner_portal.directory.rules import Status
from owner_portal.reports.rules.reports import Summary
from owner_portal.reports.rules.revenue import MOVEMENTS, RevenueReport
from owner_portal.reports.use_cases import Reports
from owner_portal.web.charts import Chart, Series


def charts_of(reports: Reports) -> Mapping[str, Chart]:
    """Revenue charts are missing if billing has never responded."""
    revenue = reports.revenue.value
    return _of_companies(reports.summary) | (_of_revenue(revenue) if revenue else {})


def _of_companies(summary: Summary) -> dict[str, Chart]:
    statuses = {status: count for status, count in summary.by_status.items() if count}
    plans = summary.by_plan
    months = [f"{each.month:%Y-%m}" for each in summary.growth]
    return {
        "status": Chart(
            "donut",
            [status.label for status in statuses],
            [Series("Companies", list(statuses.values()))],
            tones=[TONES.get(status, "grey") for status in statuses],
        ),
        "plans": Chart("donut", list(plans), [Series("Companies", [companies for companies, _ in plans.values()])]),
        "plan-revenue": Chart(
            "bar", list(plans), [Series("MRR", [revenue for _, revenue in plans.values()])], unit=summary.currency
        ),
        "top-companies": Chart(
            "bar",
            [company.name for company in summary.top],
            [
                Series("Active", [company.active_seconds for company in summary.top]),
                Series("Active, the period before", [company.active_seconds_before for company in summary.top]),
            ],
            unit="seconds",
            of_names=True,
        ),
        "growth": Chart("line", months, [Series("Companies", [each.companies for each in summary.growth])]),
        "new-companies": Chart("bar", months, [Series("New companies", [each.created for each in summary.growth])]),
        "usage": Chart(
            "bar", months, [Series("Active", [each.active_seconds for each in summary.growth])], unit="seconds"
        ),
    }


def _of_revenue(report: RevenueReport) -> dict[str, Chart]:
    bridge = report.bridge
    steps = [("Start", bridge.start), *((each.label, bridge.amount(each)) for each in MOVEMENTS), ("End", bridge.end)]
    months = [f"{month.since:%Y-%m}" for month in report.months]
    return {
        "mrr-bridge": Chart(
            "waterfall",
            [label for label, _ in steps],
            [Series("MRR", [amount for _, amount in steps])],
            unit=report.currency,
        ),
        "mrr-movements": Chart(
            "stacked",
            months,
            [Series(each.label, [month.amount(each) for month in report.months]) for each in MOVEMENTS],
            unit=report.currency,
        ),
        "mrr": Chart("line", months, [Series("MRR", [month.end for month in report.months])], unit=report.currency),
    }


TONES: Mapping[Status, str] = {
    Status.TRIAL: "blue",
    Status.ACTIVE: "green",
    Status.PAST_DUE: "amber",
    Status.EXPIRED: "orange",
    Status.SUSPENDED: "red",
}
"""The colours of statuses, as everywhere on the pages; the others are grey."""
