"""The audit trail of tenancy."""

from audit_trail import AuditTrail
from tenancy.audit.rules import AuditEntry

TRAIL = AuditTrail("audit_entry", AuditEntry, facts=("before", "after"), filters=("company_id", "actor", "action"))
