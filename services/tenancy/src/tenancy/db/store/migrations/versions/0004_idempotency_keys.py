"""Idempotency keys as all services keep them: a key for good, its response for a day.

Responses that were kept until now are written in another form and go; their keys stay used.
"""

from alembic import op

import idempotency

revision = "0004"
down_revision = "0003"

MOVE = """
INSERT INTO idempotency_key (key, fingerprint, used_at)
SELECT key, fingerprint, kept_until - interval '24 hours' FROM kept_answer;
DROP TABLE kept_answer;
GRANT SELECT, INSERT, UPDATE (response) ON idempotency_key TO tenancy_app;
"""


def upgrade() -> None:
    op.execute(idempotency.TABLE)
    op.execute(MOVE)
