"""The one map between kinds of errors and gRPC's codes, for servers and clients."""

from collections.abc import Mapping

import grpc

from servicekit import errors

STATUS: Mapping[type[errors.AppError], grpc.StatusCode] = {
    errors.InvalidInput: grpc.StatusCode.INVALID_ARGUMENT,
    errors.NotAuthenticated: grpc.StatusCode.UNAUTHENTICATED,
    errors.Forbidden: grpc.StatusCode.PERMISSION_DENIED,
    errors.NotFound: grpc.StatusCode.NOT_FOUND,
    errors.Conflict: grpc.StatusCode.ALREADY_EXISTS,
    errors.Refused: grpc.StatusCode.FAILED_PRECONDITION,
    errors.TooLarge: grpc.StatusCode.OUT_OF_RANGE,
    errors.RateLimited: grpc.StatusCode.RESOURCE_EXHAUSTED,
    errors.Unavailable: grpc.StatusCode.UNAVAILABLE,
}

KINDS: Mapping[grpc.StatusCode, type[errors.AppError]] = {code: kind for kind, code in STATUS.items()}
