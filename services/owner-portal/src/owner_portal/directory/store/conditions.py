"""Conditions that several statements share."""

# No call of its trackers for 24 hours. A company that never had one has its first 24 hours to begin.
UNSYNCED = "coalesce(last_sync_at, created_at) < now() - interval '24 hours'"
