"""The last verdict on each audit trail."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from audit_chain import ChainEnd
from owner_portal.audit.rules.trails import Chain
from owner_portal.audit.rules.verdicts import ChainVerdict

_LIST = text("SELECT chain, verified_at, flaw, noted_revision, noted_hash, noted_at FROM audit_verdict")

# Of two concurrent verifications the one that began later has seen more. One that began before the recorded entry was
# discarded has verified against an obsolete entry.
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
    """The verdicts by trail; a trail that was never verified has none."""
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
    """Replaces an older verdict. `knew`: the trail was verified against a recorded entry."""
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
    """Discards the recorded entry of a trail."""
    await tx.execute(_FORGET, {"chain": chain.value, "genesis": ChainEnd().hash})
