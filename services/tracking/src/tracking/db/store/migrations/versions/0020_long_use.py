"""Use counts on the days that its seconds are on: one that lasted for hours is found though it ended a day later.

See `store/use_in_time.py`, which asks for the same rows in the same words. Hardly any row is as long.
"""

from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.execute("""
        CREATE INDEX usage_record_long ON usage_record (company_id, employee_id, at) WHERE (seconds > 3600)
    """)
