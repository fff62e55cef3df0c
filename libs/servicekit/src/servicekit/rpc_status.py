"""Errors on gRPC: `google.rpc.Status` with the details of google/rpc/error_details.proto (AIP-193)."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Final, cast

import grpc
from google.protobuf.any_pb2 import Any as Packed
from google.rpc import error_details_pb2, status_pb2

from servicekit.errors import CLASSES, TRANSPORT, AppError, ErrorCode, Unavailable

DETAILS_KEY: Final = "grpc-status-details-bin"
_DOMAIN = "tenantry"
_CODES: Mapping[str, ErrorCode] = {transport.grpc_code: code for code, transport in TRANSPORT.items()}


def status_code(error: AppError) -> grpc.StatusCode:
    """The gRPC status code of an error."""
    return grpc.StatusCode[TRANSPORT[error.code].grpc_code]


def encode_details(error: AppError) -> bytes:
    """A serialised `google.rpc.Status`: ErrorInfo carries the code, BadRequest the field, RetryInfo the delay."""
    status = status_pb2.Status(code=status_code(error).value[0], message=error.message)
    status.details.add().Pack(error_details_pb2.ErrorInfo(reason=error.code.name, domain=_DOMAIN))
    if error.field:
        violation = error_details_pb2.BadRequest.FieldViolation(field=error.field, description=error.message)
        status.details.add().Pack(error_details_pb2.BadRequest(field_violations=[violation]))
    if error.retry_after is not None:
        retry = error_details_pb2.RetryInfo()
        retry.retry_delay.FromTimedelta(timedelta(seconds=error.retry_after))
        status.details.add().Pack(retry)
    return status.SerializeToString()


def decode_error(failure: grpc.aio.AioRpcError) -> AppError:
    """The error that a service raised.

    A failure without details comes from a server of an earlier release or from gRPC itself: its status code decides,
    and one that no error has, such as that of a deadline, is Unavailable.
    """
    info, fields, retry = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest(), error_details_pb2.RetryInfo()
    for detail in _details(failure):
        for kind in (info, fields, retry):
            if detail.Is(kind.DESCRIPTOR):
                detail.Unpack(kind)
    own = ErrorCode.__members__.get(info.reason) if info.domain == _DOMAIN else None
    error_class = CLASSES.get(own or _CODES.get(failure.code().name, ErrorCode.INTERNAL), Unavailable)
    if error_class is Unavailable:
        return Unavailable(f"a service does not answer ({failure.code().name}); try again", retry_after=1)
    field = fields.field_violations[0].field if fields.field_violations else ""
    delay = retry.retry_delay.ToTimedelta().total_seconds() if retry.HasField("retry_delay") else None
    return error_class(failure.details() or failure.code().name, field=field, retry_after=delay)


def _details(failure: grpc.aio.AioRpcError) -> list[Packed]:
    # The stubs lack that metadata iterates over pairs.
    pairs = cast("Iterable[tuple[str, str | bytes]]", failure.trailing_metadata())
    packed = next((value for key, value in pairs if key == DETAILS_KEY), b"")
    return list(status_pb2.Status.FromString(packed).details) if isinstance(packed, bytes) else []
