"""Tracking policies: one a company."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from tenancy.policies.rules import TrackingPolicy

COLUMNS = """
    p.screenshots_enabled, p.screenshot_interval_seconds, p.website_tracking_enabled, p.app_tracking_enabled,
    p.idle_detection_enabled, p.idle_threshold_seconds, p.version
"""

_INSERT = text("""
    INSERT INTO tracking_policy (company_id, screenshots_enabled, screenshot_interval_seconds,
        website_tracking_enabled, app_tracking_enabled, idle_detection_enabled, idle_threshold_seconds, version)
    VALUES (:company_id, :screenshots_enabled, :screenshot_interval_seconds,
        :website_tracking_enabled, :app_tracking_enabled, :idle_detection_enabled, :idle_threshold_seconds, :version)
""")

_GET = text(f"SELECT {COLUMNS} FROM tracking_policy p WHERE p.company_id = :company_id")

_UPDATE = text("""
    UPDATE tracking_policy SET screenshots_enabled = :screenshots_enabled,
        screenshot_interval_seconds = :screenshot_interval_seconds,
        website_tracking_enabled = :website_tracking_enabled, app_tracking_enabled = :app_tracking_enabled,
        idle_detection_enabled = :idle_detection_enabled, idle_threshold_seconds = :idle_threshold_seconds,
        version = :version
    WHERE company_id = :company_id
""")


async def insert(tx: AsyncConnection, company_id: UUID, policy: TrackingPolicy) -> None:
    """A new company's policy."""
    await tx.execute(_INSERT, asdict(policy) | {"company_id": company_id})


async def get(tx: AsyncConnection, company_id: UUID) -> TrackingPolicy | None:
    """The policy of a company; None when there is no such company."""
    row = (await tx.execute(_GET, {"company_id": company_id})).one_or_none()
    return from_row(row) if row else None


async def update(tx: AsyncConnection, company_id: UUID, policy: TrackingPolicy) -> None:
    """Replaces a company's policy."""
    await tx.execute(_UPDATE, asdict(policy) | {"company_id": company_id})


def from_row(row: Row[Any]) -> TrackingPolicy:
    """The policy in a row of COLUMNS."""
    return TrackingPolicy(
        screenshots_enabled=row.screenshots_enabled,
        screenshot_interval_seconds=row.screenshot_interval_seconds,
        website_tracking_enabled=row.website_tracking_enabled,
        app_tracking_enabled=row.app_tracking_enabled,
        idle_detection_enabled=row.idle_detection_enabled,
        idle_threshold_seconds=row.idle_threshold_seconds,
        version=row.version,
    )
