"""Calls to tenancy: companies and their keys, and reports of when companies and keys were used."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp

from contracts.tenancy.v1 import keys_pb2, policy_pb2, tenancy_pb2, tenancy_pb2_grpc
from servicekit.rpc_client import call, open_channel
from servicekit.settings import TlsSettings
from tracking.access.rules.company_keys import CompanyKey, KeyUse
from tracking.access.rules.directory import Company
from tracking.access.rules.policy import TrackingPolicy

_ENTRIES_PER_CALL = 5_000  # tenancy accepts twice as many
_SERVICE = "contracts.tenancy.v1.TenancyService"


class TenancyClient:
    """A gRPC channel to tenancy."""

    def __init__(self, address: str, tls: TlsSettings) -> None:
        self._channel = open_channel(address, tls, server_name="tenancy", idempotent=[f"{_SERVICE}/ListAccessChanges"])
        self._stub = tenancy_pb2_grpc.TenancyServiceStub(self._channel)

    async def access_changes(self, after_revision: int) -> tuple[list[Company], int]:
        """One page of the companies changed after the revision, and the revision to continue from."""
        request = tenancy_pb2.ListAccessChangesRequest(after_revision=after_revision)
        response = await call(self._stub.ListAccessChanges, request)
        return [_from_record(record) for record in response.records], response.revision

    async def report_sync(self, times: Mapping[UUID, datetime]) -> None:
        """Reports when companies were last active."""
        messages = [_to_sync_time(company_id, at) for company_id, at in times.items()]
        for start in range(0, len(messages), _ENTRIES_PER_CALL):
            part = messages[start : start + _ENTRIES_PER_CALL]
            await call(self._stub.ReportSync, tenancy_pb2.ReportSyncRequest(times=part))

    async def report_key_use(self, uses: Sequence[KeyUse], *, pepper_id: str) -> None:
        """Reports the use of keys. A key found under an old pepper is reported with its digest under the newest one as
        well.
        """
        for start in range(0, len(uses), _ENTRIES_PER_CALL):
            messages = [_to_use(use, pepper_id) for use in uses[start : start + _ENTRIES_PER_CALL]]
            await call(self._stub.ReportKeyUse, keys_pb2.ReportKeyUseRequest(uses=messages))

    async def close(self) -> None:
        """Closes the channel."""
        await self._channel.close(None)


def _to_sync_time(company_id: UUID, at: datetime) -> tenancy_pb2.SyncTime:
    moment = Timestamp()
    moment.FromDatetime(at)
    return tenancy_pb2.SyncTime(company_id=str(company_id), last_sync_at=moment)


def _to_use(use: KeyUse, pepper_id: str) -> keys_pb2.KeyUse:
    message = keys_pb2.KeyUse(company_id=str(use.company_id), digest=use.digest, devices=use.devices)
    message.last_used_at.FromDatetime(use.last_used_at)
    message.counted_at.FromDatetime(use.counted_at)
    if use.newest_digest is not None:
        message.newest.digest = use.newest_digest
        message.newest.pepper_id = pepper_id
    return message


def _from_record(record: tenancy_pb2.AccessRecord) -> Company:
    company_id = UUID(record.company_id)
    return Company(
        company_id=company_id,
        suspended=record.state != tenancy_pb2.COMPANY_STATE_ACTIVE,
        time_zone=record.time_zone,
        keys=tuple(_from_key(company_id, key) for key in record.keys),
        policy=_from_policy(record.policy),
    )


def _from_key(company_id: UUID, key: keys_pb2.AccessKey) -> CompanyKey:
    ends = key.valid_until.ToDatetime(tzinfo=UTC) if key.HasField("valid_until") else None
    return CompanyKey(company_id, key.digest.digest, ends)


def _from_policy(policy: policy_pb2.TrackingPolicy) -> TrackingPolicy:
    return TrackingPolicy(
        screenshots_enabled=policy.screenshots_enabled,
        screenshot_interval_seconds=policy.screenshot_interval_seconds,
        website_tracking_enabled=policy.website_tracking_enabled,
        app_tracking_enabled=policy.app_tracking_enabled,
        idle_detection_enabled=policy.idle_detection_enabled,
        idle_threshold_seconds=policy.idle_threshold_seconds,
        version=policy.version,
    )
