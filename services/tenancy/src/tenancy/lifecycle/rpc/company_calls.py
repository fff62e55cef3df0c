"""What the owner does with companies."""
# ruff: noqa: ARG002, N802 - names and parameters of the methods are the contract's

from contracts.tenancy.v1 import tenancy_pb2 as pb
from servicekit.ids import parse_id
from tenancy.actions.messages.owner_request import from_action
from tenancy.companies.messages import company_messages as messages
from tenancy.companies.rules.details import checked_plan_code
from tenancy.companies.use_cases.batch_get_companies import batch_get_companies
from tenancy.companies.use_cases.get_company import get_company
from tenancy.companies.use_cases.list_companies import list_companies
from tenancy.companies.use_cases.update_company import update_company
from tenancy.doors.rpc.calls import Calls, Context
from tenancy.lifecycle.use_cases.close_company import close_company
from tenancy.lifecycle.use_cases.create_company import create_company
from tenancy.lifecycle.use_cases.reactivate_company import reactivate_company
from tenancy.lifecycle.use_cases.suspend_company import suspend_company


class CompanyCalls(Calls):
    """Details and lifecycle."""

    async def CreateCompany(self, request: pb.CreateCompanyRequest, context: Context) -> pb.CreateCompanyResponse:
        company, key = await create_company(
            self._engine,
            peppers=self._peppers,
            encode=self._encode,
            action=from_action(request),
            details=messages.from_details(request),
            plan_code=checked_plan_code(request.plan_code),
        )
        return pb.CreateCompanyResponse(company=messages.to_company(company), key=key)

    async def UpdateCompany(self, request: pb.UpdateCompanyRequest, context: Context) -> pb.UpdateCompanyResponse:
        company = await update_company(
            self._engine,
            encode=self._encode,
            action=from_action(request),
            company_id=parse_id(request.company_id, "company_id"),
            changes=messages.from_changes(request),
        )
        return pb.UpdateCompanyResponse(company=messages.to_company(company))

    async def GetCompany(self, request: pb.GetCompanyRequest, context: Context) -> pb.GetCompanyResponse:
        company = await get_company(self._engine, company_id=parse_id(request.company_id, "company_id"))
        return pb.GetCompanyResponse(company=messages.to_company(company))

    async def BatchGetCompanies(
        self, request: pb.BatchGetCompaniesRequest, context: Context
    ) -> pb.BatchGetCompaniesResponse:
        ids = [parse_id(company_id, "company_ids") for company_id in request.company_ids]
        companies = await batch_get_companies(self._engine, company_ids=ids)
        return pb.BatchGetCompaniesResponse(companies=map(messages.to_company, companies))

    async def ListCompanies(self, request: pb.ListCompaniesRequest, context: Context) -> pb.ListCompaniesResponse:
        page = await list_companies(
            self._engine,
            question=messages.from_question(request),
            size=request.page_size,
            token=request.page_token,
        )
        return messages.to_page(page)

    async def SuspendCompany(self, request: pb.SuspendCompanyRequest, context: Context) -> pb.SuspendCompanyResponse:
        company = await suspend_company(
            self._engine,
            encode=self._encode,
            action=from_action(request),
            company_id=parse_id(request.company_id, "company_id"),
        )
        return pb.SuspendCompanyResponse(company=messages.to_company(company))

    async def ReactivateCompany(
        self, request: pb.ReactivateCompanyRequest, context: Context
    ) -> pb.ReactivateCompanyResponse:
        company = await reactivate_company(
            self._engine,
            encode=self._encode,
            action=from_action(request),
            company_id=parse_id(request.company_id, "company_id"),
        )
        return pb.ReactivateCompanyResponse(company=messages.to_company(company))

    async def CloseCompany(self, request: pb.CloseCompanyRequest, context: Context) -> pb.CloseCompanyResponse:
        company = await close_company(
            self._engine,
            encode=self._encode,
            action=from_action(request),
            company_id=parse_id(request.company_id, "company_id"),
        )
        return pb.CloseCompanyResponse(company=messages.to_company(company))
