"""The calls about a company's details and its logo, and the change list that the portal follows."""
# ruff: noqa: ARG002, N802 - names and parameters of the methods are the contract's

from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.tenancy.v1 import tenancy_pb2 as pb
from servicekit.ids import parse_id
from tenancy.actions.rpc import owner_action
from tenancy.actions.use_cases import Encode
from tenancy.companies.messages import from_changes, to_company
from tenancy.companies.rules.logo import Logo
from tenancy.companies.use_cases import get_logo, list_company_changes, set_logo, update_company
from tenancy.fields.messages import from_change_page


class CompanyCalls:
    """Companies as the owner knows them."""

    _engine: AsyncEngine
    _encode: Encode

    async def UpdateCompany(self, request: pb.UpdateCompanyRequest, context: Any) -> pb.UpdateCompanyResponse:
        return await owner_action(
            request,
            pb.UpdateCompanyResponse,
            lambda company: pb.UpdateCompanyResponse(company=to_company(company)),
            lambda owner: update_company(
                self._engine,
                encode=self._encode,
                request=owner,
                company_id=parse_id(request.company_id, "company_id"),
                changes=from_changes(request),
            ),
        )

    async def ListCompanyChanges(
        self, request: pb.ListCompanyChangesRequest, context: Any
    ) -> pb.ListCompanyChangesResponse:
        companies = await list_company_changes(self._engine, page=from_change_page(request))
        return pb.ListCompanyChangesResponse(
            companies=map(to_company, companies),
            revision=companies[-1].revision if companies else request.after_revision,
        )

    async def SetLogo(self, request: pb.SetLogoRequest, context: Any) -> pb.SetLogoResponse:
        return await owner_action(
            request,
            pb.SetLogoResponse,
            lambda company: pb.SetLogoResponse(company=to_company(company)),
            lambda owner: set_logo(
                self._engine,
                encode=self._encode,
                request=owner,
                company_id=parse_id(request.company_id, "company_id"),
                logo=Logo.checked(request.content) if request.content else None,
            ),
        )

    async def GetLogo(self, request: pb.GetLogoRequest, context: Any) -> pb.GetLogoResponse:
        logo = await get_logo(self._engine, company_id=parse_id(request.company_id, "company_id"))
        return pb.GetLogoResponse(content=logo.content, media_type=logo.media_type, digest=logo.digest)
