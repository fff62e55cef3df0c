"""An audit trail in a service's own database: entries that are added, listed and verified as a chain."""

from audit_trail.store import AuditTrail

__all__ = ["AuditTrail"]
