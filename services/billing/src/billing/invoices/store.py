"""Invoice lines: written once, never changed; and what is owed."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from billing.invoices.rules import InvoiceLine, Line, LineKind
from billing.plans import store as plans

_ADD_LINES = text("""
    INSERT INTO invoice_line
        (id, company_id, revision, kind, minor_units, plan_code, plan_version, covers_from, covers_until, issued_at)
    VALUES
        (:id, :company_id, :revision, :kind, :minor_units, :plan_code, :plan_version, :covers_from, :covers_until,
         :issued_at)
""")

_LINES = text(f"""
    SELECT l.id, l.company_id, l.revision, l.kind, l.minor_units, l.covers_from, l.covers_until, l.issued_at,
           {plans.COLUMNS}
    FROM invoice_line l JOIN plan_version p ON (p.code, p.version) = (l.plan_code, l.plan_version)
    WHERE (CAST(:company_id AS uuid) IS NULL OR l.company_id = :company_id)
    AND (CAST(:before AS uuid) IS NULL
         OR (l.revision, l.id) < (SELECT b.revision, b.id FROM invoice_line b WHERE b.id = :before))
    ORDER BY l.revision DESC, l.id DESC LIMIT :limit
""")

_OWED = text("""
    SELECT CAST(coalesce((SELECT sum(minor_units) FROM invoice_line WHERE company_id = :company_id), 0)
              - coalesce((SELECT sum(minor_units) FROM payment WHERE company_id = :company_id), 0) AS bigint)
""")

_ISSUED_AFTER = text("""
    SELECT CAST(coalesce(sum(minor_units), 0) AS bigint) FROM invoice_line
    WHERE company_id = :company_id AND issued_at > :moment
""")


async def add_lines(tx: AsyncConnection, lines: Sequence[InvoiceLine]) -> None:
    """Issues them; nothing for none."""
    rows = [
        {
            "id": each.id,
            "company_id": each.company_id,
            "revision": each.revision,
            "kind": each.line.kind,
            "minor_units": each.line.minor_units,
            "plan_code": each.line.plan.code,
            "plan_version": each.line.plan.version,
            "covers_from": each.line.covers_from,
            "covers_until": each.line.covers_until,
            "issued_at": each.issued_at,
        }
        for each in lines
    ]
    if rows:
        await tx.execute(_ADD_LINES, rows)


async def lines(tx: AsyncConnection, *, company_id: UUID | None, before: UUID | None, limit: int) -> list[InvoiceLine]:
    """Up to `limit` lines of one company or of all, newest first, older than one."""
    rows = await tx.execute(_LINES, {"company_id": company_id, "before": before, "limit": limit})
    return [
        InvoiceLine(
            row.id,
            row.company_id,
            row.revision,
            Line(LineKind(row.kind), plans.from_row(row), row.minor_units, row.covers_from, row.covers_until),
            row.issued_at,
        )
        for row in rows
    ]


async def owed(tx: AsyncConnection, company_id: UUID) -> int:
    """Minor units charged and not paid; negative when paid in advance."""
    return int((await tx.execute(_OWED, {"company_id": company_id})).scalar_one())


async def issued_after(tx: AsyncConnection, company_id: UUID, moment: datetime) -> int:
    """Minor units charged, less those credited, by changes that hold from later than the moment."""
    return int((await tx.execute(_ISSUED_AFTER, {"company_id": company_id, "moment": moment})).scalar_one())
