"""Packed rows contain the original values, and COPY stores them as INSERT would."""

from datetime import UTC, datetime
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from servicekit.ids import new_id
from services.tracking.tests.fixtures.platform import NewTenant, ReadRows
from tracking.clock.rules.unix_time import microsecond_of, moment_of
from tracking.ingest.fastpath.store.packing import CLAIMS, QUARANTINE, USAGE, Packer, unpack
from tracking.ingest.fastpath.store.writer import IngestWriter
from tracking.ingest.rules.upload_reader import ActivityClaim, Quarantined, Report, UsageSpan
from tracking.totals.rules.timeline import ActivityKind

COMPANY, EMPLOYEE, DEVICE = UUID(int=1), UUID(int=2), UUID(int=3)

words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
ids = st.binary(min_size=16, max_size=16)
moments = st.integers(0, microsecond_of(datetime(2200, 1, 1, tzinfo=UTC)))
seconds = st.integers(0, 31 * 86_400)
usage = st.builds(UsageSpan, ids, st.sampled_from("aw"), moments, seconds, words, words)
activity = st.builds(ActivityClaim, ids, st.sampled_from(ActivityKind), moments, seconds)
quarantined = st.builds(Quarantined, ids, words, words)
reports = st.builds(
    Report, st.lists(usage, max_size=5), st.lists(activity, max_size=3), st.lists(quarantined, max_size=3)
)


@given(reports)
def test_what_is_unpacked_is_what_was_packed(report: Report) -> None:
    upload = Packer(COMPANY, EMPLOYEE, DEVICE).pack(report)
    assert upload.rows == len(report)
    assert [tuple(unpack(USAGE, row)) for row in upload.usage] == [
        (COMPANY, EMPLOYEE, UUID(bytes=u.record_id), u.kind, moment_of(u.at), u.seconds, u.name, u.detail)
        for u in report.usage
    ]
    claims = [tuple(unpack(CLAIMS, row)) for row in upload.claims]
    assert [claim[:3] + claim[4:] for claim in claims] == [
        (COMPANY, EMPLOYEE, DEVICE, UUID(bytes=a.record_id), a.kind, moment_of(a.at), a.seconds)
        for a in report.activity
    ]
    assert len({claim[3] for claim in claims}) <= 1, "they are of one upload"
    assert [tuple(unpack(QUARANTINE, row)) for row in upload.quarantined] == [
        (COMPANY, EMPLOYEE, UUID(bytes=q.record_id), q.reason, q.payload) for q in report.quarantined
    ]


@given(st.lists(usage, min_size=1, max_size=4, unique_by=lambda u: u.record_id))
@settings(max_examples=15)
async def test_both_ways_store_the_same(
    new_tenant: NewTenant, environment: dict[str, str], stored: ReadRows, found: list[UsageSpan]
) -> None:
    """The first upload is copied. The second has a row of the first and goes the other way."""
    tenant = await new_tenant()
    [whose] = [row["employee_id"] for row in await stored("employee", tenant.company_id) if row["role"] == "EMPLOYEE"]
    old = UsageSpan(new_id().bytes, "a", microsecond_of(datetime.now(UTC)), 1, "Editor", "notes")
    writer = IngestWriter(environment["TRACKING_INGEST_DATABASE_URL"])
    packer = Packer(tenant.company_id, whose, DEVICE)
    for usages in ([old], [old, *found]):
        await writer.write([packer.pack(Report(usage=usages))])
    others = [u._replace(record_id=new_id().bytes) for u in found]
    await writer.write([packer.pack(Report(usage=others))])
    await writer.close()
    rows = {row["record_id"]: row for row in await stored("usage_record", tenant.company_id)}
    assert rows.keys() == {UUID(bytes=u.record_id) for u in (old, *found, *others)}
    for one, other in zip(found, others, strict=True):
        slow, quick = (dict(rows[UUID(bytes=u.record_id)]) | {"record_id": None} for u in (one, other))
        assert slow == quick
        assert (slow["at"], slow["name"], slow["detail"]) == (moment_of(one.at), one.name, one.detail)
