"""tenancy: companies. Every call may raise Unavailable; an action on one company NotFound."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from contracts.tenancy.v1 import tenancy_pb2 as pb
from contracts.tenancy.v1.tenancy_pb2_grpc import TenancyServiceStub
from owner_portal.audit.client import TenancyAudit
from owner_portal.clients.actions import Action
from owner_portal.clients.channels import Channel
from owner_portal.clients.timestamps import from_timestamp, to_timestamp
from owner_portal.companies.client.keys import Keys
from owner_portal.companies.client.settings import CompanySettings
from owner_portal.companies.messages import from_company, to_action
from owner_portal.companies.rules.drafts import CompanyDraft
from owner_portal.directory.rules.companies import Company, SyncTime
from servicekit.settings import TlsSettings


class Tenancy:
    """One channel a process; `keys` and `settings` are the calls about those of one company.

    `audit` tells what owners did.
    """

    def __init__(self, address: str, tls: TlsSettings) -> None:
        """`address`: host:port."""
        self.channel = Channel(address, tls, service="tenancy", files=(pb.DESCRIPTOR,))
        self.keys = Keys(self.channel)
        self.settings = CompanySettings(self.channel)
        self.audit = TenancyAudit(self.channel)
        self._stub = TenancyServiceStub(self.channel.grpc)

    async def close(self) -> None:
        """Ends the channel."""
        await self.channel.close()

    async def create(self, draft: CompanyDraft, action: Action) -> tuple[Company, str]:
        """The company and the only copy of its key. Conflict: the name is taken. InvalidInput."""
        request = pb.CreateCompanyRequest(
            action=to_action(action),
            name=draft.name,
            email=draft.email,
            contact_person=draft.contact_person,
            phone=draft.phone,
            address=draft.address,
            time_zone=draft.time_zone,
            plan_code=draft.plan_code,
        )
        answer = await self.channel.ask(self._stub.CreateCompany, request)
        return from_company(answer.company), answer.key

    async def update(self, company_id: UUID, changes: Mapping[str, str], action: Action) -> Company:
        """`changes`: new texts by the names of CompanyDraft's fields, without the plan. Conflict: the name is taken.

        InvalidInput. Refused: the company is closed.
        """
        request = pb.UpdateCompanyRequest(company_id=str(company_id), action=to_action(action), **changes)
        return from_company((await self.channel.ask(self._stub.UpdateCompany, request)).company)

    async def suspend(self, company_id: UUID, action: Action) -> Company:
        """Refused: it is not active."""
        request = pb.SuspendCompanyRequest(company_id=str(company_id), action=to_action(action))
        return from_company((await self.channel.ask(self._stub.SuspendCompany, request)).company)

    async def reactivate(self, company_id: UUID, action: Action) -> Company:
        """Refused: it is not suspended."""
        request = pb.ReactivateCompanyRequest(company_id=str(company_id), action=to_action(action))
        return from_company((await self.channel.ask(self._stub.ReactivateCompany, request)).company)

    async def close_company(self, company_id: UUID, action: Action) -> Company:
        """Refused: it is closed already."""
        request = pb.CloseCompanyRequest(company_id=str(company_id), action=to_action(action))
        return from_company((await self.channel.ask(self._stub.CloseCompany, request)).company)

    async def list_changes(self, after: int) -> tuple[Sequence[Company], int]:
        """One page of companies changed after a revision, and the revision after which to ask again.

        Refused: tenancy knows no such revision; it was restored from a backup.
        """
        request = pb.ListCompanyChangesRequest(after_revision=after)
        answer = await self.channel.ask(self._stub.ListCompanyChanges, request)
        return [from_company(company) for company in answer.companies], answer.revision

    async def list_sync_times(self, since: datetime | None) -> tuple[Sequence[SyncTime], datetime]:
        """Signs of life recorded at or after a moment (None: all), and the moment since which to ask again."""
        request = pb.ListSyncTimesRequest(since=to_timestamp(since) if since else None)
        answer = await self.channel.ask(self._stub.ListSyncTimes, request)
        times = [SyncTime(UUID(time.company_id), from_timestamp(time.last_sync_at)) for time in answer.times]
        return times, from_timestamp(answer.as_of)
