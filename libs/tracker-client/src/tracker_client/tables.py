"""The tracker's local tables: recorded rows that are not yet acknowledged."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from tracker_client.rows import ActivityKind, ActivityRow, ApplicationRow, Screenshot, Upload, WebsiteRow, Window


@dataclass
class LocalTables:
    """Rows by table. They survive sessions, sign-outs and crashes; only an acknowledged upload empties them."""

    applications: list[ApplicationRow] = field(default_factory=list)
    websites: list[WebsiteRow] = field(default_factory=list)
    activities: dict[tuple[int, ActivityKind], ActivityRow] = field(default_factory=dict)
    screenshots: list[Screenshot] = field(default_factory=list)
    generation: int = 0

    def add_ticks(self, local_session: int, kind: ActivityKind, seconds: int, newest: datetime) -> None:
        """Adds one-second ticks to the total of their local session."""
        held = self.activities.get((local_session, kind))
        total = seconds + (held.seconds if held else 0)
        self.activities[local_session, kind] = ActivityRow(local_session, kind, total, newest)

    def add_segment(self, window: Window, seconds: int, ended_at: datetime) -> None:
        """Stores a closed segment; like the real tracker, drops a browser's segment without a domain."""
        if not window.browser:
            self.applications.append(ApplicationRow(window.app, window.title, seconds, ended_at))
        elif window.domain:
            self.websites.append(WebsiteRow(window.domain, window.url, seconds, ended_at))

    def snapshot(self) -> Upload:
        """Returns the rows that the next upload posts."""
        return Upload(tuple(self.applications), tuple(self.websites), tuple(self.activities.values()), self.generation)

    def clear(self) -> None:
        """Deletes all rows except screenshots, which are acknowledged one by one."""
        self.applications.clear()
        self.websites.clear()
        self.activities.clear()
        self.generation += 1

    def remove(self, posted: Upload) -> None:
        """Deletes posted rows and keeps those recorded since. Does nothing if they were deleted before."""
        if posted.generation != self.generation:
            return
        del self.applications[: len(posted.applications)]
        del self.websites[: len(posted.websites)]
        for row in posted.activities:
            held = self.activities.pop((row.local_session, row.kind))
            if held.seconds > row.seconds:
                self.activities[row.local_session, row.kind] = replace(held, seconds=held.seconds - row.seconds)
        self.generation += 1
