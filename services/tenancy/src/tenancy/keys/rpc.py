"""The calls about company keys: what the owner does with them, and their use as the gateways report it."""
# ruff: noqa: ARG002, N802 - names and parameters of the methods are the contract's

from datetime import UTC, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.tenancy.v1 import keys_pb2
from contracts.tenancy.v1 import tenancy_pb2 as pb
from servicekit.ids import parse_id
from tenancy.actions.rpc import owner_action
from tenancy.actions.use_cases import Encode
from tenancy.companies.messages import to_company
from tenancy.keys.messages import from_stored_key, from_use, to_key, to_stored_key
from tenancy.keys.rules.keys import checked_grace
from tenancy.keys.rules.peppers import Peppers
from tenancy.keys.use_cases import Issued, Revoked, list_keys, report_key_use, revoke_key, rotate_key


class KeyCalls:
    """Rotation, revocation, use."""

    _engine: AsyncEngine
    _peppers: Peppers
    _encode: Encode

    async def RotateKey(self, request: pb.RotateKeyRequest, context: Any) -> pb.RotateKeyResponse:
        response = await owner_action(
            request,
            pb.RotateKeyResponse,
            _rotated,
            lambda owner: rotate_key(
                self._engine,
                peppers=self._peppers,
                encode=self._encode,
                request=owner,
                company_id=parse_id(request.company_id, "company_id"),
                grace=checked_grace(request.grace_seconds),
                replacing=request.key_hint if request.HasField("key_hint") else None,
            ),
        )
        response.key = from_stored_key(response.key).text(self._peppers)
        return response

    async def RevokeKey(self, request: pb.RevokeKeyRequest, context: Any) -> pb.RevokeKeyResponse:
        return await owner_action(
            request,
            pb.RevokeKeyResponse,
            _revoked,
            lambda owner: revoke_key(
                self._engine,
                encode=self._encode,
                request=owner,
                company_id=parse_id(request.company_id, "company_id"),
                key_id=parse_id(request.key_id, "key_id"),
            ),
        )

    async def ListKeys(self, request: keys_pb2.ListKeysRequest, context: Any) -> keys_pb2.ListKeysResponse:
        keys = await list_keys(self._engine, company_id=parse_id(request.company_id, "company_id"))
        now = datetime.now(UTC)
        return keys_pb2.ListKeysResponse(keys=[to_key(key, now) for key in keys])

    async def ReportKeyUse(self, request: keys_pb2.ReportKeyUseRequest, context: Any) -> keys_pb2.ReportKeyUseResponse:
        await report_key_use(self._engine, peppers=self._peppers, uses=[from_use(use) for use in request.uses])
        return keys_pb2.ReportKeyUseResponse()


def _rotated(issued: Issued) -> pb.RotateKeyResponse:
    return pb.RotateKeyResponse(company=to_company(issued.company), key=to_stored_key(issued.key))


def _revoked(revoked: Revoked) -> pb.RevokeKeyResponse:
    return pb.RevokeKeyResponse(company=to_company(revoked.company), keys_left=revoked.keys_left)
