"""The demo's client of tenancy, as the operator."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime

import grpc

from contracts.tenancy.v1 import tenancy_pb2 as pb
from contracts.tenancy.v1.tenancy_pb2_grpc import TenancyServiceStub
from tenantry_ops.certificates import Certificates
from tenantry_ops.demo.channel import open_channel
from tenantry_ops.demo.companies import Company
from tenantry_ops.topology import OPERATOR

DEADLINE = 30.0  # seconds, because the service may still be starting
ACTION = pb.Action(actor=OPERATOR, reason="demo data")


@contextmanager
def connect(address: str, certificates: Certificates) -> Iterator["Tenancy"]:
    """Opens a channel to host:port with the operator's certificate."""
    with open_channel(address, certificates, service="tenancy") as channel:
        yield Tenancy(TenancyServiceStub(channel))


def report_sync(address: str, certificates: Certificates, times: Mapping[str, datetime]) -> None:
    """Reports the last sync of these companies; an older time than tenancy knows changes nothing.

    Uses tracking's identity, because tenancy accepts sync times only from tracking.
    """
    request = pb.ReportSyncRequest()
    for company_id, moment in times.items():
        request.times.add(company_id=company_id).last_sync_at.FromDatetime(moment)
    with open_channel(address, certificates, service="tenancy", caller="tracking") as channel:
        TenancyServiceStub(channel).ReportSync(request, timeout=DEADLINE, wait_for_ready=True)


class Tenancy:
    """Creates and suspends the demo's companies. Raises `grpc.RpcError` if tenancy refuses or is unavailable."""

    def __init__(self, stub: TenancyServiceStub) -> None:
        self._stub = stub

    def create(self, company: Company) -> tuple[str, str]:
        """Returns a company's id and key. An existing company, whose key may be lost, gets a new key."""
        request = pb.CreateCompanyRequest(
            action=ACTION,
            name=company.name,
            email=f"office@{company.domain}",
            contact_person=company.contact,
            phone="+1 555 0100",
            address="1 Imaginary Lane",
            time_zone=company.time_zone,
            plan_code=company.plan,
        )
        try:
            created = self._stub.CreateCompany(request, timeout=DEADLINE, wait_for_ready=True)
        except grpc.RpcError as error:
            if error.code() is not grpc.StatusCode.ALREADY_EXISTS:
                raise
            rotation = pb.RotateKeyRequest(action=ACTION, company_id=self._find(company.name))
            rotated = self._stub.RotateKey(rotation, timeout=DEADLINE)
            return rotated.company.id, rotated.key
        return created.company.id, created.key

    def suspend(self, company_id: str) -> None:
        """Suspends a company; does nothing if it is suspended."""
        try:
            self._stub.SuspendCompany(pb.SuspendCompanyRequest(action=ACTION, company_id=company_id), timeout=DEADLINE)
        except grpc.RpcError as error:
            if error.code() is not grpc.StatusCode.FAILED_PRECONDITION:
                raise

    def _find(self, name: str) -> str:
        revision = 0
        while True:
            page = self._stub.ListCompanyChanges(
                pb.ListCompanyChangesRequest(after_revision=revision), timeout=DEADLINE
            )
            for company in page.companies:
                if company.name.casefold() == name.casefold():
                    return company.id
            if not page.companies:
                raise LookupError(f"tenancy knows a company {name!r} but does not list it")
            revision = page.revision
