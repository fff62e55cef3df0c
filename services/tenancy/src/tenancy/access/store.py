"""What the gateways are told."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tenancy.access.rules import Access, AccessKey
from tenancy.companies.rules.company import CompanyState
from tenancy.db.rules import ChangePage
from tenancy.policies.store import COLUMNS, from_row

_CHANGES = text(f"""
    SELECT c.id, c.state, c.time_zone, c.revision, k.digests, k.pepper_ids, k.ends, {COLUMNS}
    FROM company c
    JOIN tracking_policy p ON p.company_id = c.id
    LEFT JOIN LATERAL (
        SELECT array_agg(d.digest) AS digests, array_agg(d.pepper_id) AS pepper_ids, array_agg(o.valid_until) AS ends
        FROM company_key o JOIN key_digest d ON d.key_id = o.id
        WHERE o.company_id = c.id AND (o.valid_until IS NULL OR o.valid_until > now())
    ) k ON true
    WHERE c.revision > :after_revision ORDER BY c.revision LIMIT :limit
""")


async def changes(tx: AsyncConnection, page: ChangePage) -> list[Access]:
    """One page of access records by revision. One statement: state, keys and policy are of one moment."""
    rows = await tx.execute(_CHANGES, {"after_revision": page.after_revision, "limit": page.limit})
    return [
        Access(
            company_id=row.id,
            state=CompanyState(row.state),
            time_zone=row.time_zone,
            keys=tuple(map(AccessKey, row.digests or (), row.pepper_ids or (), row.ends or ())),
            policy=from_row(row),
            revision=row.revision,
        )
        for row in rows
    ]
