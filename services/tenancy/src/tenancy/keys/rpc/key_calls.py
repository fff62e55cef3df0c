"""Keys: what the owner does with them, what the gateways ask and tell about them."""
# ruff: noqa: ARG002, N802 - names and parameters of the methods are the contract's

from datetime import UTC, datetime

from contracts.tenancy.v1 import keys_pb2
from contracts.tenancy.v1 import tenancy_pb2 as pb
from servicekit.ids import parse_id
from tenancy.access.use_cases.resolve_keys import resolve_keys
from tenancy.actions.messages.owner_request import from_action
from tenancy.companies.messages.company_messages import to_company
from tenancy.doors.rpc.calls import Calls, Context
from tenancy.keys.messages import key_messages as messages
from tenancy.keys.rules.key_use import check_digest
from tenancy.keys.rules.keys import checked_grace
from tenancy.keys.use_cases.list_keys import list_keys
from tenancy.keys.use_cases.report_key_use import report_key_use
from tenancy.keys.use_cases.revoke_key import revoke_key
from tenancy.keys.use_cases.rotate_key import rotate_key


class KeyCalls(Calls):
    """Rotation, revocation, use."""

    async def RotateKey(self, request: pb.RotateKeyRequest, context: Context) -> pb.RotateKeyResponse:
        company, key = await rotate_key(
            self._engine,
            peppers=self._peppers,
            encode=self._encode,
            action=from_action(request),
            company_id=parse_id(request.company_id, "company_id"),
            grace=checked_grace(request.grace_seconds),
            replacing=request.key_hint if request.HasField("key_hint") else None,
        )
        return pb.RotateKeyResponse(company=to_company(company), key=key)

    async def RevokeKey(self, request: pb.RevokeKeyRequest, context: Context) -> pb.RevokeKeyResponse:
        revoked = await revoke_key(
            self._engine,
            encode=self._encode,
            action=from_action(request),
            company_id=parse_id(request.company_id, "company_id"),
            key_id=parse_id(request.key_id, "key_id"),
        )
        return pb.RevokeKeyResponse(company=to_company(revoked.company), keys_left=revoked.keys_left)

    async def ListKeys(self, request: keys_pb2.ListKeysRequest, context: Context) -> keys_pb2.ListKeysResponse:
        keys = await list_keys(self._engine, company_id=parse_id(request.company_id, "company_id"))
        now = datetime.now(UTC)
        return keys_pb2.ListKeysResponse(keys=[messages.to_key(key, now) for key in keys])

    async def ResolveKeys(self, request: keys_pb2.ResolveKeysRequest, context: Context) -> keys_pb2.ResolveKeysResponse:
        digests = [check_digest(digest, "digests") for digest in request.digests]
        keys = await resolve_keys(self._engine, digests=digests)
        return keys_pb2.ResolveKeysResponse(keys=map(messages.to_resolved, keys))

    async def ReportKeyUse(
        self, request: keys_pb2.ReportKeyUseRequest, context: Context
    ) -> keys_pb2.ReportKeyUseResponse:
        uses = [messages.from_use(use) for use in request.uses]
        await report_key_use(self._engine, peppers=self._peppers, uses=uses)
        return keys_pb2.ReportKeyUseResponse()
