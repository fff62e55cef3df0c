"""Simulated trackers: the desktop tracker's protocol (`TrackerClient`) and behaviour (`Desktop`), and a new agent."""

from tracker_client.client import Account, Reply, TrackerClient, open_http
from tracker_client.config import TrackingConfig
from tracker_client.desktop import Desktop, ProcessKilled
from tracker_client.native import NativeAgent
from tracker_client.rows import ActivityKind, Upload, Window, stamp
from tracker_client.truth import Span, Truth

__all__ = [
    "Account",
    "ActivityKind",
    "Desktop",
    "NativeAgent",
    "ProcessKilled",
    "Reply",
    "Span",
    "TrackerClient",
    "TrackingConfig",
    "Truth",
    "Upload",
    "Window",
    "open_http",
    "stamp",
]
