"""What pages about a company ask tenancy; answers are cached for when it does not respond."""

from uuid import UUID

from pydantic import TypeAdapter

from owner_portal.companies.client import CompanySettingsClient, KeyClient
from owner_portal.companies.rules.keys import Key
from owner_portal.companies.rules.policy import TrackingPolicy
from owner_portal.freshness.use_cases import Question, none_if_missing
from owner_portal.web.portal import Portal

_KEYS = TypeAdapter(list[Key])
_POLICY = TypeAdapter(TrackingPolicy | None)


def keys(portal: Portal, company_id: UUID) -> Question[list[Key]]:
    """Its keys; empty if tenancy does not know the company."""

    async def ask() -> list[Key]:
        return await none_if_missing(lambda: portal.get(KeyClient).of(company_id)) or []

    return Question("Tenancy", f"{company_id} keys", ask, _KEYS)


def policy(portal: Portal, company_id: UUID) -> Question[TrackingPolicy | None]:
    """Its tracking policy; None if tenancy does not know the company."""

    async def ask() -> TrackingPolicy | None:
        return await none_if_missing(lambda: portal.get(CompanySettingsClient).policy(company_id))

    return Question("Tenancy", f"{company_id} policy", ask, _POLICY)
