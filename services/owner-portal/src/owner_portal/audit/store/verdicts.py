"""The last verdict on each audit trail."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from audit_chain import ChainEnd
from owner_portal.audit.rules.trails import Chain
from owner_portal.audit.rules.verdicts import ChainVerdict

_LIST = text("SELECT chain, verified_at, flaw, noted_revision, noted_hash, noted_at FROM audit_verdict")

# Two that verify at the same time: the one that began later found more. One that began before what was noted down was
# forgotten followed the trail to an entry that no longer counts.
_SAVE = text("""
    INSERT INTO audit_verdict AS held (chain, verified_at, flaw, noted_revision, noted_hash, noted_at)
    VALUES (:chain, :verified_at, :flaw, :noted_revision, :noted_hash, :noted_at)
    ON CONFLICT (chain) DO UPDATE
    SET verified_at = excluded.verified_at, flaw = excluded.flaw, noted_revision = excluded.noted_revision,
        noted_hash = excluded.noted_hash, noted_at = excluded.noted_at
    WHERE held.verified_at < excluded.verified_at AND (held.noted_revision > 0 OR NOT :knew)
""")

_FORGET = text("UPDATE audit_verdict SET noted_revision = 0, noted_hash = :genesis WHERE chain = :chain")


async def list_all(tx: AsyncConnection) -> dict[Chain, ChainVerdict]:
    """Those that there are; a trail that was never followed is not among them."""
    return {
        Chain(row.chain): ChainVerdict(
            chain=Chain(row.chain),
            verified_at=row.verified_at,
            flaw=row.flaw,
            noted=ChainEnd(row.noted_revision, row.noted_hash),
            noted_at=row.noted_at,
        )
        for row in await tx.execute(_LIST)
    }


async def save(tx: AsyncConnection, verdict: ChainVerdict, *, knew: bool) -> None:
    """Replaces an older one. `knew`: the trail had to lead through an entry noted down before."""
    values = {
        "chain": verdict.chain.value,
        "verified_at": verdict.verified_at,
        "flaw": verdict.flaw,
        "noted_revision": verdict.noted.revision,
        "noted_hash": verdict.noted.hash,
        "noted_at": verdict.noted_at,
        "knew": knew,
    }
    await tx.execute(_SAVE, values)


async def forget_noted(tx: AsyncConnection, chain: Chain) -> None:
    """Lets the trail lead anywhere: what was noted down of it no longer counts."""
    await tx.execute(_FORGET, {"chain": chain.value, "genesis": ChainEnd().hash})
