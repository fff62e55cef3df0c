"""`python -m tracking.ingest.api.large_upload_worker`: reads large uploads for a gateway process, one at a time.

One call decodes megabytes of JSON and cannot be interrupted, so it runs neither on the event loop that all calls share
nor in a thread beside it. The process may use `MAX_MEMORY` bytes and ends with its input.
"""

import os
import resource
import signal
import sys
from collections.abc import Iterator

import msgspec

from servicekit.errors import AppError
from tracking.ingest.fastpath.store.packing import Packer, Upload
from tracking.ingest.messages.desktop import count_rows, read_rows
from tracking.ingest.messages.large_uploads import LENGTH, MAX_ROWS, Job, Part, Summary, framed
from tracking.ingest.rules.upload_reader import MAX_CLAIMS, UploadReader
from tracking.protocols.desktop import id_in, read_object, text_in

MAX_MEMORY = 2 * 1024**3  # bytes of address space; an upload of 32 MB takes some 600 MB
NICENESS = 5  # ordinary uploads have priority
PART_ROWS = 5_000  # rows of a part: the gateway's event loop handles it in a few milliseconds
TOO_BIG = "the body needs more memory than an upload may take; send fewer rows at once"


def read(job: Job, body: bytes) -> tuple[Summary, list[Part]]:
    """The rows of an upload, validated and packed; an error instead if the body is no upload."""
    try:
        fields = read_object(body)
        token, session = text_in(fields, "active_token"), id_in(fields, "work_session_id")
        if count_rows(fields) > MAX_ROWS:
            return Summary(too_many_rows=True), []
        rows = read_rows(fields)
    except AppError as error:
        return Summary(error=error.message), []
    except RecursionError:
        return Summary(error="the body is nested too deeply"), []
    except MemoryError:
        return Summary(error=TOO_BIG), []
    reader = UploadReader(
        job.employee_id,
        logged_in_at=job.logged_in_at,
        clock_offset=job.clock_offset,
        offset_before=job.offset_before,
    )
    report = reader.read(
        applications=rows.applications,
        websites=rows.websites,
        activities=rows.activities,
        received_at=job.received_at,
    )
    upload = Packer(job.company_id, job.employee_id, job.device_id).pack(report)
    parts = list(_parts(upload))
    return Summary(
        token=token,
        session=session,
        parts=len(parts),
        claims=[(record_id, kind.value, at, seconds) for record_id, kind, at, seconds in report.activity],
        before=report.before[-MAX_CLAIMS:],
        ahead=report.ahead,
    ), parts


def main() -> None:
    """Responds until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is handled by the gateway, which ends this process
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))
    os.nice(NICENESS)
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    while head := requests.read(LENGTH.size):
        job = msgspec.msgpack.decode(requests.read(*LENGTH.unpack(head)), type=Job)
        summary, parts = read(job, requests.read(job.size))
        answers.write(framed(summary))
        for part in parts:
            answers.write(framed(part))
        answers.flush()
        del parts


def _parts(upload: Upload) -> Iterator[Part]:
    # Claims come last: they are at most a thousand, and the rows they belong to are stored by then.
    for rows in _slices(sorted(upload.usage)):
        yield Part(usage=rows)
    for rows in _slices(sorted(upload.quarantined)):
        yield Part(quarantined=rows)
    if upload.claims:
        yield Part(claims=list(upload.claims))


def _slices(rows: list[bytes]) -> Iterator[list[bytes]]:
    for start in range(0, len(rows), PART_ROWS):
        yield rows[start : start + PART_ROWS]


if __name__ == "__main__":
    main()
