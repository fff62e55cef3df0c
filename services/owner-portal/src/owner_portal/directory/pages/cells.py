"""Cells of a company."""

from owner_portal.directory.rules import CompanySummary
from owner_portal.web.cells import Cells, bar, number


def state_cells(company: CompanySummary) -> Cells:
    """The cells of one company."""
    return {
        "plan": company.plan_code or "–",
        "price": {**number(company.price_minor_units), "data-currency": company.currency or ""},
        "until": {"datetime": company.expires_at.date().isoformat() if company.expires_at else ""},
        "badge": {"data-status": company.status.value},
        "status": company.status.label,
        "seats": number(company.seats_used),
        "seats-limit": number(company.seats_limit),
        "seats-bar": bar(company.seats_used, company.seats_limit),
        "storage": number(company.storage_used),
        "storage-limit": number(company.storage_limit),
        "storage-bar": bar(company.storage_used, company.storage_limit),
        "sync": {"datetime": company.last_sync_at.isoformat() if company.last_sync_at else ""},
    }
