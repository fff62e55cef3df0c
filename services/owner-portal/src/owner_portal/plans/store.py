"""Companies by the version of their plan. Closed ones keep nothing and are left out."""

from collections.abc import Mapping

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from owner_portal.plans.rules.retention import Differing, TermsCount

_COUNTS = text("""
    SELECT plan_code, plan_version, screenshot_retention_days AS days, count(*) AS companies
    FROM company WHERE revision IS NOT NULL AND plan_code IS NOT NULL AND status <> 'CLOSED'
    GROUP BY plan_code, plan_version, screenshot_retention_days
    ORDER BY plan_code, plan_version DESC
""")

_DIFFERING = text("""
    SELECT company_id, name, plan_code, plan_version, screenshot_retention_days AS days
    FROM company JOIN unnest(CAST(:codes AS text[]), CAST(:days AS bigint[])) AS plan (code, days)
        ON plan.code = plan_code
    WHERE revision IS NOT NULL AND screenshot_retention_days <> plan.days AND status <> 'CLOSED'
    ORDER BY plan_code, name_order, company_id LIMIT :limit
""")


async def count_by_terms(tx: AsyncConnection) -> list[TermsCount]:
    """How many companies have each version of each plan."""
    return [TermsCount(**row._asdict()) for row in await tx.execute(_COUNTS)]


async def list_differing(tx: AsyncConnection, days: Mapping[str, int], *, limit: int) -> list[Differing]:
    """Companies that have another number of days than their plan; `days` by the plan's code."""
    values = {"codes": list(days), "days": list(days.values()), "limit": limit}
    return [Differing(**row._asdict()) for row in await tx.execute(_DIFFERING, values)]
