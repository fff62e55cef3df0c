"""The demo's client of billing, as the operator."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import grpc

from contracts.billing.v1.action_pb2 import Action
from contracts.billing.v1.subscriptions_pb2 import RenewSubscriptionRequest
from contracts.billing.v1.subscriptions_pb2_grpc import SubscriptionServiceStub
from tenantry_ops.certificates import Certificates
from tenantry_ops.demo.channel import open_channel
from tenantry_ops.topology import OPERATOR

DEADLINE = 30.0  # seconds
PAUSE = 0.1
# A company's subscription starts with an event that billing may not have consumed yet.
NOT_YET = grpc.StatusCode.NOT_FOUND
ALREADY = grpc.StatusCode.FAILED_PRECONDITION


@contextmanager
def connect(address: str, certificates: Certificates) -> Iterator["Billing"]:
    """Opens a channel to host:port with the operator's certificate."""
    with open_channel(address, certificates, service="billing") as channel:
        yield Billing(SubscriptionServiceStub(channel))


class Billing:
    """Converts trials into paid months. Raises `grpc.RpcError` if billing refuses or is unavailable."""

    def __init__(self, stub: SubscriptionServiceStub) -> None:
        self._stub = stub

    def convert(self, company_id: str) -> None:
        """Converts a company's trial into a paid month; does nothing if it already pays."""
        action = Action(actor=OPERATOR, reason="demo data", idempotency_key=f"demo-{company_id}")
        request = RenewSubscriptionRequest(action=action, company_id=company_id)
        deadline = time.monotonic() + DEADLINE
        while True:
            try:
                self._stub.RenewSubscription(request, timeout=DEADLINE, wait_for_ready=True)
            except grpc.RpcError as error:
                if error.code() is ALREADY:
                    return
                if error.code() is not NOT_YET or time.monotonic() > deadline:
                    raise
                time.sleep(PAUSE)
            else:
                return
