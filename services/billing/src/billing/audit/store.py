"""The audit trail of billing."""

from audit_trail import AuditTrail
from billing.audit.rules import AuditEntry

TRAIL = AuditTrail("audit_entry", AuditEntry, facts=("asked", "outcome"), filters=("company_id", "actor", "action"))
