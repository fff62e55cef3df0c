"""The calls about the life of a company."""
# ruff: noqa: ARG002, N802 - names and parameters of the methods are the contract's

from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.tenancy.v1 import tenancy_pb2 as pb
from servicekit.ids import parse_id
from tenancy.actions.rpc import owner_action
from tenancy.actions.use_cases import Encode
from tenancy.companies.messages import from_details, to_company
from tenancy.companies.rules.details import checked_plan_code
from tenancy.keys.messages import from_stored_key, to_stored_key
from tenancy.keys.rules.peppers import Peppers
from tenancy.keys.use_cases import Issued
from tenancy.lifecycle.use_cases import close_company, create_company, reactivate_company, suspend_company


class LifecycleCalls:
    """Companies are created, suspended, reactivated and closed."""

    _engine: AsyncEngine
    _peppers: Peppers
    _encode: Encode

    async def CreateCompany(self, request: pb.CreateCompanyRequest, context: Any) -> pb.CreateCompanyResponse:
        response = await owner_action(
            request,
            pb.CreateCompanyResponse,
            _created,
            lambda owner: create_company(
                self._engine,
                peppers=self._peppers,
                encode=self._encode,
                request=owner,
                details=from_details(request),
                plan_code=checked_plan_code(request.plan_code),
            ),
        )
        response.key = from_stored_key(response.key).text(self._peppers)
        return response

    async def SuspendCompany(self, request: pb.SuspendCompanyRequest, context: Any) -> pb.SuspendCompanyResponse:
        return await owner_action(
            request,
            pb.SuspendCompanyResponse,
            lambda company: pb.SuspendCompanyResponse(company=to_company(company)),
            lambda owner: suspend_company(
                self._engine,
                encode=self._encode,
                request=owner,
                company_id=parse_id(request.company_id, "company_id"),
            ),
        )

    async def ReactivateCompany(
        self, request: pb.ReactivateCompanyRequest, context: Any
    ) -> pb.ReactivateCompanyResponse:
        return await owner_action(
            request,
            pb.ReactivateCompanyResponse,
            lambda company: pb.ReactivateCompanyResponse(company=to_company(company)),
            lambda owner: reactivate_company(
                self._engine,
                encode=self._encode,
                request=owner,
                company_id=parse_id(request.company_id, "company_id"),
            ),
        )

    async def CloseCompany(self, request: pb.CloseCompanyRequest, context: Any) -> pb.CloseCompanyResponse:
        return await owner_action(
            request,
            pb.CloseCompanyResponse,
            lambda company: pb.CloseCompanyResponse(company=to_company(company)),
            lambda owner: close_company(
                self._engine,
                encode=self._encode,
                request=owner,
                company_id=parse_id(request.company_id, "company_id"),
            ),
        )


def _created(issued: Issued) -> pb.CreateCompanyResponse:
    return pb.CreateCompanyResponse(company=to_company(issued.company), key=to_stored_key(issued.key))
