"""What changed in what companies may use: limits and the end of access, no plan and no money."""

from sqlalchemy.ext.asyncio import AsyncEngine

from billing.subscriptions.rules.revised import Revised
from billing.subscriptions.rules.subscription import Entitlement
from billing.subscriptions.use_cases.list_subscription_changes import list_subscription_changes


async def list_entitlement_changes(
    engine: AsyncEngine, *, after_revision: int, limit: int
) -> list[Revised[Entitlement]]:
    """Up to `limit` current entitlements changed after `after_revision`, oldest change first; Refused likewise."""
    changes = await list_subscription_changes(engine, after_revision=after_revision, limit=limit)
    return [Revised(change.revision, change.subscription.entitlement()) for change in changes]
