"""Idempotency keys as all services keep them: a key for good, its response for a day."""

from alembic import op

import idempotency

revision = "0005"
down_revision = "0004"

MOVE = """
INSERT INTO idempotency_key (key, fingerprint, response, used_at)
SELECT key, request_digest, answer, answered_at FROM answer;
DROP TABLE answer;
GRANT SELECT, INSERT, UPDATE (response) ON idempotency_key TO billing_app;
"""


def upgrade() -> None:
    op.execute(idempotency.TABLE)
    op.execute(MOVE)
