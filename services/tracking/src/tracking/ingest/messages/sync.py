"""The bodies of `POST /v1/sync`, decoded and encoded by msgspec; the OpenAPI description is generated from them."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from tracking.ingest.rules import records
from tracking.totals.rules.timeline import ActivityKind

MAX_RECORDS = 1_000

Moment = Annotated[datetime, Meta(tz=True, description="RFC 3339 with an offset, by the computer's own clock")]
RecordId = Annotated[UUID, Meta(description="made by the agent, and the same whenever the record is sent again")]
REASONS = [reason.name.lower() for reason in records.Reason]
_KINDS = {"active": ActivityKind.ACTIVE, "idle": ActivityKind.IDLE}


class SessionStart(Struct, tag_field="type", tag="session_start"):
    """The person starts to work; `id` becomes the session's id."""

    id: RecordId
    at: Moment

    def record(self) -> records.Record:
        """The record for the rules."""
        return records.SessionStartRecord(self.id, self.at)


class SessionEnd(Struct, tag_field="type", tag="session_end"):
    """The person stops. A session that is never ended ends at its last heartbeat."""

    id: RecordId
    session_id: UUID
    at: Moment

    def record(self) -> records.Record:
        """The record for the rules."""
        return records.SessionEndRecord(self.id, self.session_id, self.at)


class Activity(Struct, tag_field="type", tag="activity"):
    """The person was active, or idle, from `start` to before `end`. Overlapping seconds count once."""

    id: RecordId
    kind: Literal["active", "idle"]
    start: Moment
    end: Moment

    def record(self) -> records.Record:
        """The record for the rules."""
        return records.ActivityRecord(self.id, _KINDS[self.kind], self.start, self.end)


class Application(Struct, tag_field="type", tag="application"):
    """An application was in the foreground. Longer names and titles are cut; `title` may be null or absent."""

    id: RecordId
    name: str
    start: Moment
    end: Moment
    title: str | None = None

    def record(self) -> records.Record:
        """The record for the rules."""
        return records.UseRecord(self.id, "a", self.name, self.title or "", self.start, self.end)


class Website(Struct, tag_field="type", tag="website"):
    """A website was in the foreground. `url` is null or absent if only the domain is known."""

    id: RecordId
    domain: str
    start: Moment
    end: Moment
    url: str | None = None

    def record(self) -> records.Record:
        """The record for the rules."""
        return records.UseRecord(self.id, "w", self.domain, self.url or "", self.start, self.end)


AnyRecord = SessionStart | SessionEnd | Activity | Application | Website


class Sync(Struct):
    """A batch. A record that is refused does not affect the others."""

    sent_at: Annotated[Moment, Meta(description="what the computer's clock shows as this request is sent")]
    records: Annotated[list[AnyRecord], Meta(max_length=MAX_RECORDS)]
    session_id: Annotated[UUID | None, Meta(description="the session that is running, as a heartbeat")] = None


class Result(Struct, omit_defaults=True):
    """What became of a record: none of them may be sent again. `id` is null where none could be read."""

    id: UUID | None
    outcome: records.Outcome
    reason: Annotated[str, Meta(description="of a refusal, for programs", extra_json_schema={"enum": REASONS})] = ""
    detail: Annotated[str, Meta(description="of a refusal, for people")] = ""


class Synced(Struct):
    """The results are in the order of the records; everything that is stored is durable."""

    received_at: datetime
    results: list[Result]
    session_ended: Annotated[
        bool, Meta(description="the batch's session_id is over, by its end or an admin: stop recording in it")
    ] = False
