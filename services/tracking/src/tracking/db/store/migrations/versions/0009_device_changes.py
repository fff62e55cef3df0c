"""Gateways are told when a device is no longer what they remember of it."""

from alembic import op

revision = "0009"
down_revision = "0008"

TRIGGERS = """
CREATE FUNCTION tell_of_device() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('device_changed', NEW.device_id::text);
    RETURN NULL;
END $$;

CREATE TRIGGER tell AFTER UPDATE OF revoked_at, clock_offset ON device
    FOR EACH ROW EXECUTE FUNCTION tell_of_device();

CREATE FUNCTION tell_of_devices() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('device_changed', device_id::text) FROM device
    WHERE company_id = NEW.company_id AND employee_id = NEW.employee_id AND revoked_at IS NULL;
    RETURN NULL;
END $$;

CREATE TRIGGER tell AFTER UPDATE OF active ON employee
    FOR EACH ROW EXECUTE FUNCTION tell_of_devices();
"""


def upgrade() -> None:
    op.execute(TRIGGERS)
