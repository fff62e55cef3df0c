"""Logs as JSON lines and W3C trace context. A log line written inside a span carries its trace id."""

import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import structlog
from opentelemetry import propagate, trace
from opentelemetry.sdk.trace import TracerProvider
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import EventDict, WrappedLogger

tracer = trace.get_tracer("tenantry")

# Without the frames' variables, which are structlog's default: they hold passwords, tokens and people's rows.
_EXCEPTIONS = structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False))


def _add_trace(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event["trace_id"] = format(context.trace_id, "032x")
    return event


def configure(service: str, level: str = "INFO") -> None:
    """Call once a process, before anything logs."""
    trace.set_tracer_provider(TracerProvider())
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _add_trace,
            _EXCEPTIONS,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    structlog.contextvars.bind_contextvars(service=service)
    logging.basicConfig(
        stream=sys.stderr, level=logging.WARNING, format='{"level": "%(levelname)s", "event": "%(message)s"}'
    )


def traceparent() -> str | None:
    """The current trace as a `traceparent` header; None outside of any span."""
    carrier: dict[str, str] = {}
    propagate.inject(carrier)
    return carrier.get("traceparent")


@contextmanager
def span(name: str, carrier: Mapping[str, str] | None = None) -> Iterator[None]:
    """A span that continues the trace named in `carrier`'s `traceparent`, or the current one."""
    parent = propagate.extract(carrier) if carrier else None
    with tracer.start_as_current_span(name, context=parent):
        yield
